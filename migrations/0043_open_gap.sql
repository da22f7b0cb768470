-- The time before which an instance must have been seen last, to have been silent for so many seconds while servers listened. A gap counts
-- before it has ended: the dashboard's process checks the fleet while no server listens.
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
