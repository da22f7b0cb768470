-- A fleet that is lost at once is thousands of alerts in one statement: what has to happen with them happens once for each statement.

-- Tells people of alerts that were raised, or raised again an hour after they were told last: in the same transaction. An instance that is
-- lost for the third time within a quarter of an hour flaps: that is one alert, and its losses notify no people.
CREATE FUNCTION notify_of_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        ids := ARRAY (SELECT alert_id FROM changed);
    ELSE
        ids := ARRAY (
            SELECT alert_id
            FROM changed
            JOIN former USING (alert_id)
            WHERE changed.occurrences > former.occurrences
                AND (changed.last_queued_at > changed.last_at - interval '1 hour') IS NOT TRUE
        );
    END IF;
    -- The statements below come here, too.
    IF cardinality(ids) = 0 THEN RETURN NULL; END IF;
    WITH raised AS MATERIALIZED (
        SELECT
            alerts.*,
            source = 'heartbeat_monitor' AND 3 <= (
                SELECT count(*)
                FROM alerts AS loss
                WHERE (loss.source, loss.target_type, loss.target_id) = (alerts.source, alerts.target_type, alerts.target_id)
                    AND loss.first_at > now() - interval '15 minutes'
            ) AS is_flapping
        FROM alerts
        WHERE alert_id = ANY (ids)
    ),
    flapping AS (
        INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
        SELECT
            'flapping', 'CRITICAL', target_type, target_id, 'Instance ' || target_id || ' is lost and back again and again', metadata
        FROM raised
        WHERE is_flapping
        ORDER BY target_type, target_id
        ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO UPDATE SET
            occurrences = alert.occurrences + 1,
            last_at = now()
    ),
    told AS (
        INSERT INTO notifications (severity, title, message, alert_id)
        SELECT severity, alert_title(source), message, alert_id
        FROM raised
        WHERE NOT is_flapping
            AND NOT EXISTS (
                SELECT
                FROM alert_silences AS silence
                WHERE (silence.source, silence.target_type, silence.target_id) = (raised.source, raised.target_type, raised.target_id)
                    AND silenced_until > now()
            )
        ORDER BY target_id
        RETURNING alert_id
    )
    UPDATE alerts
    SET last_queued_at = now()
    FROM told
    WHERE alerts.alert_id = told.alert_id;
    RETURN NULL;
END
$$;

DROP TRIGGER alerts_are_raised ON alerts;
CREATE TRIGGER alerts_are_raised
    AFTER INSERT ON alerts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_of_alerts();
DROP TRIGGER alerts_are_raised_again ON alerts;
CREATE TRIGGER alerts_are_raised_again
    AFTER UPDATE ON alerts
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_of_alerts();
DROP FUNCTION notify_of_alert();

-- Notes alerts that were raised, and those whose status or number of occurrences changed, as events.
CREATE FUNCTION note_alert_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        ids := ARRAY (SELECT alert_id FROM changed);
    ELSE
        ids := ARRAY (
            SELECT alert_id
            FROM changed
            JOIN former USING (alert_id)
            WHERE (changed.status, changed.occurrences) <> (former.status, former.occurrences)
        );
    END IF;
    INSERT INTO event_log (kind, key, data)
    SELECT
        'alert', alert_id,
        jsonb_build_object(
            'severity', severity, 'source', source, 'target_type', target_type, 'target_id', target_id, 'status', status
        )
    FROM changed
    WHERE alert_id = ANY (ids);
    RETURN NULL;
END
$$;

DROP TRIGGER alerts_make_events ON alerts;
CREATE TRIGGER alerts_make_events
    AFTER INSERT ON alerts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_alert_events();
CREATE TRIGGER alerts_make_events_again
    AFTER UPDATE ON alerts
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_alert_events();

-- The next heartbeat of a lost instance is looked at closely.
CREATE FUNCTION forget_fingerprints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE instance_live
    SET fingerprint = NULL
    FROM changed
    WHERE source = 'heartbeat_monitor'
        AND target_type = 'instance'
        AND instance_id = target_id;
    RETURN NULL;
END
$$;

DROP TRIGGER instances_are_lost ON alerts;
CREATE TRIGGER instances_are_lost
    AFTER INSERT ON alerts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION forget_fingerprints();

-- When each part of the periodic work was done last, by whichever server.
CREATE TABLE jobs (
    name text PRIMARY KEY,
    succeeded_at timestamptz NOT NULL DEFAULT now()
);

-- The time until which servers have listened to instances.
CREATE TABLE listening (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    until timestamptz NOT NULL DEFAULT now()
);
INSERT INTO listening DEFAULT VALUES;

-- Times in which no server listened, or none reached the database. That no heartbeat arrived then says nothing about an instance.
CREATE TABLE listening_gaps (
    started_at timestamptz NOT NULL,
    ended_at timestamptz PRIMARY KEY,
    CHECK (started_at < ended_at)
);

-- Notes that a server listens. It is called every two seconds; a pause of more than ten is a gap. When the database's clock was set back,
-- which happens when a standby takes over, what was seen at a time that is yet to come was seen now: such an instance would not count as
-- lost before that time.
CREATE FUNCTION note_listening() RETURNS void LANGUAGE plpgsql AS $$
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

-- The time before which an instance must have been seen last, to have been silent for so many seconds while servers listened.
CREATE FUNCTION lost_before(stale_seconds int8) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    cutoff timestamptz := now() - stale_seconds * interval '1 second';
    gap listening_gaps;
BEGIN
    FOR gap IN SELECT * FROM listening_gaps ORDER BY ended_at DESC LOOP
        EXIT WHEN gap.ended_at <= cutoff;
        cutoff := cutoff - (gap.ended_at - gap.started_at);
    END LOOP;
    RETURN cutoff;
END
$$;

-- The same for an instance that is late: it has been silent for half of that.
CREATE FUNCTION late_before(stale_seconds int8) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT lost_before(stale_seconds / 2)
$$;
