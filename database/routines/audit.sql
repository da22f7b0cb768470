-- The audit log: append-only, and sealed by a chain of hashes.

-- Rejects every change of a written entry or seal.
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

-- Queues new entries for sealing.
CREATE OR REPLACE FUNCTION note_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed SELECT ordinal FROM added;
    RETURN NULL;
END
$$;

-- The seal of an entry: a hash of the previous seal and of all fields of the entry, in an unambiguous encoding.
CREATE OR REPLACE FUNCTION audit_hash(previous bytea, entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
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

-- Seals up to 5,000 queued entries, in their order, and returns their number. Entries are sealed shortly after their commit, by one server
-- at a time, so writers do not wait for each other.
CREATE OR REPLACE FUNCTION seal_audit() RETURNS int8 LANGUAGE plpgsql AS $$
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

-- Verifies up to 5,000 seals after position `after`. Returns the last verified position and its seal, and the first broken entry with the
-- reason.
CREATE OR REPLACE FUNCTION verify_audit(
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

-- Verifies up to 5,000 seals after position `after`, and that each entry in their range has a seal or is queued for one; other entries were
-- inserted by hand. After the last seal it verifies the newest entries and the queue.
CREATE OR REPLACE FUNCTION verify_audit_part(
    after int8,
    OUT last_position int8,
    OUT checked int8,
    OUT head bytea,
    OUT broken_at int8,
    OUT reason text
) LANGUAGE plpgsql AS $$
DECLARE
    -- The range of the entries that this part sealed; some of them committed late.
    low int8;
    high int8;
BEGIN
    SELECT part.last_position, part.checked, part.head, part.broken_at, part.reason
    INTO last_position, checked, head, broken_at, reason
    FROM verify_audit(after) AS part;
    IF broken_at IS NOT NULL THEN RETURN; END IF;
    SELECT coalesce(max(ordinal), 0) INTO low FROM audit_seals WHERE position > after - 5000 AND position <= after;
    IF checked > 0 THEN
        SELECT greatest(max(ordinal), low) INTO high FROM audit_seals WHERE position > after AND position <= last_position;
    END IF;
    SELECT min(ordinal) INTO broken_at
    FROM audit_log
    WHERE ordinal > low
        AND ordinal <= coalesce(high, 9223372036854775807)
        AND NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.ordinal = audit_log.ordinal)
        AND NOT EXISTS (SELECT FROM audit_unsealed WHERE audit_unsealed.ordinal = audit_log.ordinal);
    IF checked = 0 THEN
        SELECT least(broken_at, min(ordinal)) INTO broken_at
        FROM audit_unsealed
        WHERE NOT EXISTS (SELECT FROM audit_log WHERE audit_log.ordinal = audit_unsealed.ordinal);
    END IF;
    IF broken_at IS NOT NULL THEN reason := 'the entry was never sealed, or is missing'; END IF;
END
$$;
