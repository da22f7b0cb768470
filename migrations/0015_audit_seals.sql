CREATE INDEX audit_log_by_target ON audit_log (target_id, ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_actor ON audit_log (actor, ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_action ON audit_log (action, ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_run ON audit_log ((details ->> 'run_id')) WHERE details ? 'run_id';
CREATE INDEX audit_log_by_reconcile ON audit_log ((details ->> 'reconcile_id')) WHERE details ? 'reconcile_id';

-- The chain: each seal is a hash of its entry and of the seal before it. Entries are sealed some moments after their commit, by one server
-- at a time, so that nobody who writes one waits for another.
CREATE TABLE audit_seals (
    position int8 PRIMARY KEY,
    ordinal int8 NOT NULL UNIQUE,
    hash bytea NOT NULL
);

CREATE TRIGGER audit_seals_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- What is not sealed yet.
CREATE TABLE audit_unsealed (ordinal int8 PRIMARY KEY);

CREATE FUNCTION note_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed SELECT ordinal FROM added;
    RETURN NULL;
END
$$;

CREATE TRIGGER audit_log_is_sealed
    AFTER INSERT ON audit_log
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_unsealed();

INSERT INTO audit_unsealed SELECT ordinal FROM audit_log;

-- The hash of an entry behind another: of everything that it says, in one text that has no two readings.
CREATE FUNCTION audit_hash(previous bytea, entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(
        previous || convert_to(
            jsonb_build_array(
                entry.ordinal, entry.audit_id, entry.actor, entry.action, entry.target_type, entry.target_id, entry.result,
                entry.details, (extract(epoch FROM entry.ts) * 1000000)::int8
            )::text,
            'UTF8'
        )
    )
$$;

-- Seals what is not sealed, 5,000 entries at most; how many they were.
CREATE FUNCTION seal_audit() RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    last audit_seals;
    entry audit_log;
    sealed int8 := 0;
BEGIN
    SELECT * INTO last FROM audit_seals ORDER BY position DESC LIMIT 1;
    last.position := coalesce(last.position, 0);
    last.hash := coalesce(last.hash, ''::bytea);
    FOR entry IN
        WITH taken AS (
            DELETE FROM audit_unsealed
            WHERE ordinal IN (
                SELECT ordinal FROM audit_unsealed JOIN audit_log USING (ordinal) ORDER BY ordinal LIMIT 5000
            )
            RETURNING ordinal
        )
        SELECT audit_log.* FROM audit_log JOIN taken USING (ordinal) ORDER BY ordinal
    LOOP
        last.position := last.position + 1;
        last.hash := audit_hash(last.hash, entry);
        INSERT INTO audit_seals VALUES (last.position, entry.ordinal, last.hash);
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END
$$;

-- Looks at the seals behind `after`, 5,000 at most: the last of them, and the first that is broken.
CREATE FUNCTION verify_audit(
    after int8,
    OUT last_position int8,
    OUT checked int8,
    OUT head bytea,
    OUT broken_at int8,
    OUT reason text
) LANGUAGE plpgsql AS $$
DECLARE
    seal audit_seals;
    entry audit_log;
BEGIN
    last_position := after;
    checked := 0;
    SELECT hash INTO head FROM audit_seals WHERE position = after;
    head := coalesce(head, ''::bytea);
    FOR seal IN SELECT * FROM audit_seals WHERE position > after ORDER BY position LIMIT 5000 LOOP
        SELECT * INTO entry FROM audit_log WHERE ordinal = seal.ordinal;
        IF seal.position <> last_position + 1 THEN
            reason := 'a seal is missing before it';
        ELSIF entry.ordinal IS NULL THEN
            reason := 'the entry is missing';
        ELSIF audit_hash(head, entry) <> seal.hash THEN
            reason := 'the entry is not as it was sealed';
        END IF;
        IF reason IS NOT NULL THEN
            broken_at := seal.ordinal;
            RETURN;
        END IF;
        last_position := seal.position;
        head := seal.hash;
        checked := checked + 1;
    END LOOP;
END
$$;
