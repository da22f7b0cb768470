-- Partitions by time.

-- Creates the missing partitions of a table, each `step` long, from the oldest that is kept to `ahead` steps from now, and drops older
-- ones. Steps are counted from 2000-01-03, a Monday. The name of a partition has its start in UTC. Times without a partition go to the
-- partition `…_rest`.
CREATE OR REPLACE FUNCTION arrange_partitions(parent text, step interval, ahead int4, kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-03T00:00:00Z';
    start timestamptz;
    part text;
BEGIN
    -- If the table is locked for longer, the next run tries again: statements that arrive meanwhile would queue behind this one.
    PERFORM set_config('lock_timeout', '300ms', true);
    FOR start IN
        SELECT generate_series(date_bin(step, now() - kept, origin), date_bin(step, now(), origin) + ahead * step, step)
    LOOP
        part := parent || to_char(start AT TIME ZONE 'UTC', '_YYYYMMDDHH24');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
        EXECUTE format(
            'WITH moved AS (DELETE FROM %I WHERE ts >= %L AND ts < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
            parent || '_rest', start, start + step, part
        );
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, start, start + step);
    END LOOP;
    FOR part IN
        SELECT relname
        FROM pg_inherits
        JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = parent::regclass
            -- CASE ensures that only matching names are parsed: conditions are evaluated in any order.
            AND CASE
                WHEN relname ~ (parent || '_\d{10}$')
                    THEN to_timestamp(right(relname, 10), 'YYYYMMDDHH24')::timestamp AT TIME ZONE 'UTC' + step <= now() - kept
            END
    LOOP
        EXECUTE format('DROP TABLE %I', part);
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;

-- Arranges all tables with partitions, except the audit log, for servers that do not own them.
CREATE OR REPLACE FUNCTION keep_partitions(sample_kept interval, fine_kept interval, coarse_kept interval, execution_kept interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM arrange_metrics(sample_kept, fine_kept, coarse_kept);
    PERFORM arrange_partitions('execution_samples', '1 day', 7, execution_kept);
    PERFORM arrange_partitions('heartbeat_presence', '30 days', 2, '400 days');
END
$$;
