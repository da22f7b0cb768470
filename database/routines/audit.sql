-- The audit log: append-only, sealed by a chain of hashes, partitioned by month.

-- Rejects every change of a written entry or seal.
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

-- Queues new entries for sealing.
CREATE OR REPLACE FUNCTION note_unsealed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_unsealed SELECT ordinal FROM added;
    RETURN NULL;
END
$$;

-- The ids under which the log has an instance, its commands and their alerts.
CREATE OR REPLACE FUNCTION audited_ids(audited_instance text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH target AS (
        SELECT audited_instance AS id
        UNION ALL
        SELECT command_id::text FROM commands WHERE instance_id = audited_instance
    )
    SELECT id FROM target
    UNION ALL
    SELECT alert_id::text FROM alerts WHERE target_type IN ('instance', 'command') AND target_id IN (SELECT id FROM target)
$$;

-- The first number of a month.
CREATE OR REPLACE FUNCTION first_audit_ordinal(month date) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(year FROM month) * 100 + extract(month FROM month))::int8 * 10000000000
$$;

-- The partition of a table for a month.
CREATE OR REPLACE FUNCTION audit_part(parent text, month date) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT parent || to_char(month, '_YYYYMM')
$$;

-- Makes a table a partition that accepts writes only through its parent.
CREATE OR REPLACE FUNCTION attach_audit_part(parent text, part text, bounds text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES %s', parent, part, bounds);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER audit_part_is_append_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()',
        part
    );
END
$$;

-- All columns of an entry as one unambiguous text, to which its seal is bound: with a key by an HMAC (`SealChain`), without one by the
-- SHA-256 of the previous hash and this text.
CREATE OR REPLACE FUNCTION audit_text(entry audit_log) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_array(
        entry.ordinal, entry.audit_id, entry.actor, entry.action, entry.target_type, entry.target_id, entry.result,
        entry.details, (extract(epoch FROM entry.ts) * 1000000)::int8
    )::text
$$;

-- The seal of the last dropped entry, from which the chain continues; 0 and empty while no month is dropped.
CREATE OR REPLACE FUNCTION audit_anchor(OUT last_position int8, OUT head bytea, OUT dropped_before timestamptz) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT months.last_position, months.head, months.closed_at
    INTO last_position, head, dropped_before
    FROM audit_months AS months
    WHERE dropped_at IS NOT NULL
    ORDER BY month DESC
    LIMIT 1;
    last_position := coalesce(last_position, 0);
    head := coalesce(head, ''::bytea);
END
$$;

-- The seal from which verification starts, as `audit_anchor`, with its key. `is_recorded` is false if no entry AUDIT_DROP states it.
CREATE OR REPLACE FUNCTION audit_start(
    OUT last_position int8,
    OUT head bytea,
    OUT key_id text,
    OUT dropped_before timestamptz,
    OUT is_recorded bool
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT anchor.last_position, anchor.head, anchor.dropped_before
    INTO last_position, head, dropped_before
    FROM audit_anchor() AS anchor;
    SELECT months.key_id INTO key_id FROM audit_months AS months WHERE dropped_at IS NOT NULL ORDER BY month DESC LIMIT 1;
    is_recorded := dropped_before IS NULL OR EXISTS (
        SELECT
        FROM audit_log
        WHERE action = 'AUDIT_DROP'
            AND details ->> 'head' = encode(audit_start.head, 'hex')
    );
END
$$;

-- The last seal, or the last dropped one. Here and below, custom plans let PostgreSQL skip partitions.
CREATE OR REPLACE FUNCTION audit_head(OUT last_position int8, OUT ordinal int8, OUT head bytea, OUT key_id text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT seal.position, seal.ordinal, seal.hash, seal.key_id
    INTO last_position, ordinal, head, key_id
    FROM audit_seals AS seal
    ORDER BY seal.position DESC
    LIMIT 1;
    IF NOT FOUND THEN
        SELECT start.last_position, start.head, start.key_id INTO last_position, head, key_id FROM audit_start() AS start;
    END IF;
END
$$;

-- The numbers of up to `most` entries that wait for their seals, in order. Until the end of the transaction no other session adds seals.
CREATE OR REPLACE FUNCTION hold_audit_seals(most int8) RETURNS int8[] LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    low CONSTANT int8 := (SELECT min(ordinal) FROM audit_unsealed);
BEGIN
    IF low IS NULL THEN RETURN '{}'; END IF;
    -- Positions are unique only within a partition, and servers before 1.3.0 take another lock for this job.
    LOCK TABLE ONLY audit_seals IN SHARE ROW EXCLUSIVE MODE;
    RETURN ARRAY (
        SELECT ordinal
        FROM audit_unsealed
        JOIN audit_log USING (ordinal)
        WHERE audit_log.ordinal >= low
        ORDER BY ordinal
        LIMIT most
    );
END
$$;

-- Entries in the order of their numbers, from which seals are computed.
CREATE OR REPLACE FUNCTION audit_texts(due int8[]) RETURNS text[] LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN ARRAY (
        SELECT audit_text(entry)
        FROM audit_log AS entry
        WHERE ordinal = ANY (due)
            AND ordinal >= due[1]
            AND ordinal <= due[cardinality(due)]
        ORDER BY ordinal
    );
END
$$;

-- Adds the seals that a server computed for `hold_audit_seals`, after the seal at `previous`.
CREATE OR REPLACE FUNCTION add_audit_seals(previous int8, due int8[], hashes text[], key text) RETURNS int8 LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF cardinality(due) <> cardinality(hashes) OR key IS NULL OR previous <> (SELECT last_position FROM audit_head()) THEN
        RAISE EXCEPTION 'the seals do not continue the chain';
    END IF;
    WITH waiting AS (
        DELETE FROM audit_unsealed WHERE ordinal = ANY (due)
        RETURNING ordinal
    )
    INSERT INTO audit_seals (position, ordinal, hash, key_id)
    SELECT previous + place, ordinal, decode(hash, 'hex'), key
    FROM unnest(due, hashes) WITH ORDINALITY AS seal (ordinal, hash, place)
    JOIN waiting USING (ordinal);
    RETURN cardinality(due);
END
$$;

-- Seals up to `most` pending entries without a key and returns their number; -1 once seals have keys. From then on only servers with a key
-- add seals, so the chain cannot be continued with seals that need no key.
CREATE OR REPLACE FUNCTION seal_audit(most int8) RETURNS int8 LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    due CONSTANT int8[] := hold_audit_seals(most);
    last_position int8;
    head bytea;
    key_id text;
    content text;
    hashes bytea[] := '{}';
BEGIN
    SELECT last.last_position, last.head, last.key_id INTO last_position, head, key_id FROM audit_head() AS last;
    IF key_id IS NOT NULL THEN RETURN -1; END IF;
    FOREACH content IN ARRAY audit_texts(due) LOOP
        head := sha256(head || convert_to(content, 'UTF8'));
        hashes := hashes || head;
    END LOOP;
    INSERT INTO audit_seals (position, ordinal, hash)
    SELECT last_position + place, ordinal, hash
    FROM unnest(due, hashes) WITH ORDINALITY AS seal (ordinal, hash, place);
    DELETE FROM audit_unsealed WHERE ordinal = ANY (due);
    RETURN cardinality(due);
END
$$;

-- Used by servers of release 1.2 and earlier.
CREATE OR REPLACE FUNCTION seal_audit() RETURNS int8 LANGUAGE sql AS $$ SELECT seal_audit(5000) $$;

-- Verifies at most `most` seals after position `after`, or after the last dropped entry, and returns the last one and the first break.
CREATE OR REPLACE FUNCTION verify_audit(
    after int8,
    most int8,
    OUT last_position int8,
    OUT checked int8,
    OUT head bytea,
    OUT broken_at int8,
    OUT reason text
) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    low int8;
    high int8;
    seal record;
BEGIN
    checked := 0;
    SELECT anchor.last_position, anchor.head INTO last_position, head FROM audit_anchor() AS anchor;
    IF after > last_position THEN
        last_position := after;
        SELECT hash INTO head FROM audit_seals WHERE position = after;
        head := coalesce(head, ''::bytea);
    END IF;
    SELECT min(ordinal), max(ordinal)
    INTO low, high
    FROM (SELECT ordinal FROM audit_seals WHERE position > last_position ORDER BY position LIMIT most) AS part;
    FOR seal IN
        SELECT position, part.ordinal, hash, key_id, CASE WHEN entry.ordinal IS NOT NULL THEN audit_text(entry) END AS text
        FROM (SELECT * FROM audit_seals WHERE position > last_position ORDER BY position LIMIT most) AS part
        LEFT JOIN audit_log AS entry ON entry.ordinal = part.ordinal AND entry.ordinal BETWEEN low AND high
        ORDER BY position
    LOOP
        IF seal.position <> last_position + 1 THEN
            reason := 'a seal is missing before it';
        ELSIF seal.text IS NULL THEN
            reason := 'the entry is missing';
        -- Only a server with the key can verify the others.
        ELSIF seal.key_id IS NULL AND sha256(head || convert_to(seal.text, 'UTF8')) <> seal.hash THEN
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

-- Used by servers of release 1.2 and earlier.
CREATE OR REPLACE FUNCTION verify_audit(
    after int8,
    OUT last_position int8,
    OUT checked int8,
    OUT head bytea,
    OUT broken_at int8,
    OUT reason text
) LANGUAGE sql AS $$ SELECT * FROM verify_audit(after, 5000) $$;

-- The first entry between two seals that is neither sealed nor queued: it was inserted by other means, or its seal was removed. Without `last`, the
-- newest entries and the queue.
CREATE OR REPLACE FUNCTION unsealed_audit(after int8, last int8, most int8) RETURNS int8 LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    -- The range of numbers that the part sealed, except for entries that committed late.
    low int8;
    high int8 := 9223372036854775807;
    found int8;
BEGIN
    -- Without OFFSET 0, PostgreSQL would scan the index on `ordinal` from its end.
    SELECT coalesce(max(ordinal), 0)
    INTO low
    FROM (SELECT ordinal FROM audit_seals WHERE position > after - most AND position <= after OFFSET 0) AS part;
    IF last IS NOT NULL THEN
        SELECT greatest(max(ordinal), low)
        INTO high
        FROM (SELECT ordinal FROM audit_seals WHERE position > after AND position <= last OFFSET 0) AS part;
    END IF;
    SELECT min(ordinal) INTO found
    FROM audit_log
    WHERE ordinal > low
        AND ordinal <= high
        AND NOT EXISTS (
            SELECT
            FROM audit_seals
            WHERE audit_seals.ordinal = audit_log.ordinal
                AND audit_seals.ordinal > low
                AND audit_seals.ordinal <= high
        )
        AND NOT EXISTS (SELECT FROM audit_unsealed WHERE audit_unsealed.ordinal = audit_log.ordinal);
    IF last IS NULL THEN
        SELECT least(found, min(ordinal)) INTO found
        FROM audit_unsealed
        WHERE NOT EXISTS (SELECT FROM audit_log WHERE audit_log.ordinal = audit_unsealed.ordinal);
    END IF;
    RETURN found;
END
$$;

-- Verifies a part of the audit log: at most `most` seals after `after`, and all entries in their range of numbers. After the last
-- seal, it verifies the newest entries and the queue. For months without keys, and for servers of release 1.2 and earlier.
CREATE OR REPLACE FUNCTION verify_audit_part(
    after int8,
    most int8,
    OUT last_position int8,
    OUT checked int8,
    OUT head bytea,
    OUT broken_at int8,
    OUT reason text
) LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    SELECT part.last_position, part.checked, part.head, part.broken_at, part.reason
    INTO last_position, checked, head, broken_at, reason
    FROM verify_audit(after, most) AS part;
    IF broken_at IS NOT NULL THEN RETURN; END IF;
    broken_at := unsealed_audit(after, CASE WHEN checked > 0 THEN last_position END, most);
    IF broken_at IS NOT NULL THEN reason := 'the entry was never sealed, or is missing'; END IF;
END
$$;

-- Sets the upper bound of the oldest month, whose partitions have none after the migration. Each call is one step and returns whether
-- another one follows. Validating the constraint reads the table and does not block writers.
CREATE OR REPLACE FUNCTION bound_audit_month() RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    first CONSTANT date := (SELECT min(month) FROM audit_months);
    bound CONSTANT int8 := first_audit_ordinal((first + interval '1 month')::date);
    parent text;
    part text;
    is_valid bool;
BEGIN
    IF (SELECT count(*) FROM audit_months) > 1 THEN RETURN false; END IF;
    FOREACH parent IN ARRAY ARRAY ['audit_seals', 'audit_log'] LOOP
        part := audit_part(parent, first);
        SELECT convalidated INTO is_valid FROM pg_constraint WHERE conrelid = part::regclass AND conname = 'audit_part_end';
        IF is_valid IS NULL THEN
            EXECUTE format('ALTER TABLE %I ADD CONSTRAINT audit_part_end CHECK (ordinal < %s) NOT VALID', part, bound);
            RETURN true;
        ELSIF NOT is_valid THEN
            EXECUTE format('ALTER TABLE %I VALIDATE CONSTRAINT audit_part_end', part);
            RETURN true;
        END IF;
    END LOOP;
    LOCK TABLE audit_seals, audit_log IN ACCESS EXCLUSIVE MODE;
    FOREACH parent IN ARRAY ARRAY ['audit_seals', 'audit_log'] LOOP
        part := audit_part(parent, first);
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, part);
        PERFORM attach_audit_part(parent, part, format('FROM (MINVALUE) TO (%s)', bound));
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT audit_part_end', part);
    END LOOP;
    PERFORM make_audit_month((first + interval '1 month')::date);
    RETURN false;
END
$$;

-- Creates the empty partitions of a month, without waiting for writers.
CREATE OR REPLACE FUNCTION make_audit_month(new_month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start CONSTANT int8 := first_audit_ordinal(new_month);
    bounds CONSTANT text := format('FROM (%s) TO (%s)', start, first_audit_ordinal((new_month + interval '1 month')::date));
    entries CONSTANT text := audit_part('audit_log', new_month);
    seals CONSTANT text := audit_part('audit_seals', new_month);
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE audit_log INCLUDING DEFAULTS, UNIQUE (audit_id))', entries);
    EXECUTE format('CREATE TABLE %I (LIKE audit_seals, PRIMARY KEY (position))', seals);
    PERFORM attach_audit_part('audit_seals', seals, bounds), attach_audit_part('audit_log', entries, bounds);
    INSERT INTO audit_months (month, first_ordinal) VALUES (new_month, start);
END
$$;

-- Creates the partitions of this month and the next two, switches to a new month, and records the heads of sealed months. Each call is
-- one step and returns 1 if another one may follow. Numbers jump to a month only after its partitions exist, so every number has one.
CREATE OR REPLACE FUNCTION arrange_audit(this date DEFAULT date_trunc('month', now() AT TIME ZONE 'UTC')) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    start CONSTANT int8 := first_audit_ordinal(this);
    newest date;
    ended audit_months;
    bound int8;
BEGIN
    -- Writers queue behind this lock request, so it gives up quickly; the next pass tries again.
    PERFORM set_config('lock_timeout', '300ms', true);
    IF bound_audit_month() THEN RETURN 1; END IF;
    SELECT max(month) INTO newest FROM audit_months;
    IF newest < this + interval '2 months' THEN
        PERFORM make_audit_month((newest + interval '1 month')::date);
        RETURN 1;
    END IF;
    IF EXISTS (SELECT FROM audit_months WHERE month < this AND closed_at IS NULL) THEN
        -- Under this lock no uncommitted entry exists, so all entries of the previous months are visible before the first of this month.
        LOCK TABLE ONLY audit_log IN SHARE MODE;
        UPDATE audit_months SET closed_at = clock_timestamp() WHERE month < this AND closed_at IS NULL;
        -- A rollback does not undo setval, which is harmless: the lock is held until then.
        PERFORM setval('audit_log_ordinal_seq', start, false) FROM audit_log_ordinal_seq WHERE last_value < start;
        RETURN 1;
    END IF;
    SELECT * INTO ended FROM audit_months WHERE closed_at IS NOT NULL AND last_position IS NULL ORDER BY month LIMIT 1;
    IF NOT FOUND THEN RETURN 0; END IF;
    bound := first_audit_ordinal((ended.month + interval '1 month')::date);
    UPDATE audit_months
    SET (last_position, head, key_id) = (
        SELECT position, hash, last.key_id
        FROM (
            (
                SELECT 1 AS place, position, hash, audit_seals.key_id
                FROM audit_seals
                WHERE ordinal >= ended.first_ordinal
                    AND ordinal < bound
                ORDER BY position DESC
                LIMIT 1
            )
            UNION ALL
            SELECT 2, before.last_position, before.head, before.key_id FROM audit_months AS before WHERE before.month < ended.month
            UNION ALL
            SELECT 3, 0, ''::bytea, NULL
        ) AS last
        ORDER BY place, position DESC
        LIMIT 1
    )
    WHERE month = ended.month
        AND NOT EXISTS (SELECT FROM audit_unsealed WHERE ordinal < bound);
    IF NOT FOUND THEN RETURN 0; END IF;
    -- Refuse inserts with an explicit number of this month.
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER audit_month_is_closed BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()',
        audit_part('audit_log', ended.month)
    );
    RETURN 1;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;
END
$$;

-- `arrange_audit` for servers that do not own the log. They choose neither the time nor what is made.
CREATE OR REPLACE FUNCTION keep_audit_months() RETURNS int8 LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT arrange_audit()
$$;

-- The number of sealed entries of a closed month, and a fault if its entries and seals do not match.
CREATE OR REPLACE FUNCTION count_audit_month(of_month date, OUT entries int8, OUT fault text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    stored int8;
    seals int8;
BEGIN
    SELECT last_position - position_before
    INTO entries
    FROM (
        SELECT month, last_position, lag(last_position, 1, 0::int8) OVER (ORDER BY month) AS position_before
        FROM audit_months
    ) AS months
    WHERE month = of_month;
    EXECUTE format('SELECT count(*) FROM %I', audit_part('audit_log', of_month)) INTO stored;
    EXECUTE format('SELECT count(*) FROM %I', audit_part('audit_seals', of_month)) INTO seals;
    IF (stored, seals) IS DISTINCT FROM (entries, entries) THEN
        fault := format('the chain has %s entries, the log %s, and %s are sealed', entries, stored, seals);
    END IF;
END
$$;

-- The oldest month that is not dropped, if it ended at least `kept` ago; null otherwise.
CREATE OR REPLACE FUNCTION old_audit_month(kept interval) RETURNS audit_months LANGUAGE sql STABLE AS $$
    SELECT oldest.*
    FROM (SELECT * FROM audit_months WHERE dropped_at IS NULL ORDER BY month LIMIT 1) AS oldest
    WHERE closed_at < now() - kept
$$;

-- Raises an alert about a month that does not verify. It is kept.
CREATE OR REPLACE FUNCTION refuse_audit_month(of_month date, fault text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_months SET verified_position = NULL WHERE month = of_month AND verified_position IS NOT NULL;
    INSERT INTO alerts (source, severity, target_type, target_id, message, metadata)
    VALUES (
        'audit_log', 'CRITICAL', 'audit_month', to_char(of_month, 'YYYY-MM'),
        'Month ' || to_char(of_month, 'YYYY-MM') || ' of the audit log does not verify and is kept: ' || fault, '{}'
    )
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO NOTHING;
END
$$;

-- Notes that a server verified the seals of a month up to a position.
CREATE OR REPLACE FUNCTION note_audit_verified(of_month date, verified int8) RETURNS void LANGUAGE sql AS $$
    UPDATE audit_months SET verified_position = verified WHERE month = of_month AND dropped_at IS NULL
$$;

-- Drops the oldest month that ended at least `kept` ago, is exported, and verifies. Each call is one step, which verifies at most `most`
-- entries or drops the month, and returns 1 if another one may follow. A month that does not verify raises an alert and is kept. Seals with keys
-- are verified by servers (`note_audit_verified`).
CREATE OR REPLACE FUNCTION drop_audit_month(kept interval, most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    old CONSTANT audit_months := old_audit_month(kept);
    before int8;
    part record;
    counted record;
    export audit_exports;
    fault text;
BEGIN
    IF old.last_position IS NULL THEN RETURN 0; END IF;
    SELECT last_position INTO before FROM audit_anchor();
    SELECT * INTO export
    FROM audit_exports
    WHERE month = old.month
        AND (last_position, head) = (old.last_position, old.head)
    ORDER BY exported_at DESC
    LIMIT 1;
    -- A month without entries needs no export.
    IF NOT FOUND AND old.last_position > before THEN RETURN 0; END IF;
    IF coalesce(old.verified_position, before) < old.last_position THEN
        IF old.key_id IS NOT NULL THEN RETURN 0; END IF;
        SELECT * INTO part FROM verify_audit_part(coalesce(old.verified_position, before), most);
        IF part.broken_at IS NULL AND part.checked > 0 THEN
            UPDATE audit_months SET verified_position = part.last_position WHERE month = old.month;
            RETURN 1;
        END IF;
        fault := coalesce('entry ' || part.broken_at || ': ' || part.reason, 'seals are missing at its end');
    ELSIF old.last_position > before
        AND (SELECT hash FROM audit_seals WHERE position = old.last_position) IS DISTINCT FROM old.head
    THEN
        fault := 'its head is not the one that was noted';
    ELSE
        SELECT * INTO counted FROM count_audit_month(old.month);
        fault := counted.fault;
    END IF;
    IF fault IS NOT NULL THEN
        PERFORM refuse_audit_month(old.month, fault);
        RETURN 0;
    END IF;
    PERFORM set_config('lock_timeout', '300ms', true);
    EXECUTE format('DROP TABLE %I', audit_part('audit_seals', old.month));
    EXECUTE format('DROP TABLE %I', audit_part('audit_log', old.month));
    UPDATE audit_months SET dropped_at = now() WHERE month = old.month;
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    WHERE source = 'audit_log'
        AND target_id = to_char(old.month, 'YYYY-MM')
        AND status <> 'RESOLVED';
    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
    VALUES (
        'scheduler', 'AUDIT_DROP', 'audit_month', to_char(old.month, 'YYYY-MM'), 'SUCCESS',
        jsonb_build_object(
            'entries', old.last_position - before, 'last_position', old.last_position, 'head', encode(old.head, 'hex'),
            'file', export.file, 'sha256', encode(export.sha256, 'hex'), 'exported_at', export.exported_at
        )
    );
    RETURN 1;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;
END
$$;
