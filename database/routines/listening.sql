-- When an instance counts as lost: silence counts only while a server listened.

-- Notes that a server listens; called every two seconds. A pause of more than ten seconds is a gap. If the database's clock was set back,
-- for example because a standby was promoted, times in the future are set to now: such an instance would not count as lost before that
-- time.
CREATE OR REPLACE FUNCTION note_listening() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    last timestamptz;
BEGIN
    SELECT until INTO last FROM listening FOR UPDATE;
    IF at > last + interval '10 seconds' THEN
        INSERT INTO listening_gaps VALUES (last, at);
        DELETE FROM listening_gaps WHERE ended_at < at - interval '1 day';
    ELSIF at < last - interval '1 second' THEN
        DELETE FROM listening_gaps WHERE ended_at > at;
        UPDATE instance_live
        SET last_seen = least(last_seen, at),
            sent_at = least(sent_at, at)
        WHERE instance_id IN (
            SELECT instance_id
            FROM instance_live
            WHERE last_seen > at OR sent_at > at
            ORDER BY instance_id
            FOR NO KEY UPDATE
        );
    END IF;
    UPDATE listening SET until = at WHERE until <> at;
END
$$;

-- The time before which an instance must have been seen last to have been silent for `stale_seconds` while servers listened. A gap counts
-- before it has ended, because the dashboard's process checks the fleet while no API process listens.
CREATE OR REPLACE FUNCTION lost_before(stale_seconds int8) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    cutoff timestamptz := now() - stale_seconds * interval '1 second';
    gap listening_gaps;
BEGIN
    cutoff := cutoff - coalesce((SELECT now() - until FROM listening WHERE until < now() - interval '10 seconds'), interval '0');
    FOR gap IN SELECT * FROM listening_gaps ORDER BY ended_at DESC LOOP
        EXIT WHEN gap.ended_at <= cutoff;
        cutoff := cutoff - (gap.ended_at - gap.started_at);
    END LOOP;
    RETURN cutoff;
END
$$;

-- The same for a late instance, which has been silent for half as long.
CREATE OR REPLACE FUNCTION late_before(stale_seconds int8) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT lost_before(stale_seconds / 2)
$$;
