-- Alerts and their notifications.

-- The title of a notification about an alert of this source.
CREATE OR REPLACE FUNCTION alert_title(source text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        policy_value('alert_titles', '{"heartbeat_monitor": "Heartbeat Lost"}')::jsonb ->> source,
        initcap(replace(source, '_', ' '))
    )
$$;

-- The end of an alert's silence; null if the alert is not silenced.
CREATE OR REPLACE FUNCTION silence_of(alert alerts) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT silenced_until
    FROM alert_silences
    WHERE (source, target_type, target_id) = (alert.source, alert.target_type, alert.target_id)
        AND silenced_until > now()
$$;

-- Enqueues a notification, in the same transaction, for each alert that is raised, and for each that is raised again after the time of a
-- reminder. A silenced alert gets none. The losses of a flapping instance raise one flapping alert and enqueue nothing themselves. It runs
-- once per statement, because a fleet that is lost at once is thousands of alerts in one statement.
CREATE OR REPLACE FUNCTION notify_of_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reminder CONSTANT interval := policy_value('reminder_seconds', '3600')::int8 * interval '1 second';
    flapping_losses CONSTANT int8 := policy_value('flapping_losses', '3')::int8;
    flapping_time CONSTANT interval := policy_value('flapping_seconds', '900')::int8 * interval '1 second';
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
                AND (changed.last_queued_at > changed.last_at - reminder) IS NOT TRUE
        );
    END IF;
    -- The statements below also run this trigger.
    IF cardinality(ids) = 0 THEN RETURN NULL; END IF;
    WITH raised AS MATERIALIZED (
        SELECT
            alerts.*,
            source = 'heartbeat_monitor' AND flapping_losses <= (
                SELECT count(*)
                FROM alerts AS loss
                WHERE (loss.source, loss.target_type, loss.target_id) = (alerts.source, alerts.target_type, alerts.target_id)
                    AND loss.first_at > now() - flapping_time
            ) AS is_flapping
        FROM alerts
        WHERE alert_id = ANY (ids)
    ),
    flapping AS (
        INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
        SELECT
            'flapping', 'CRITICAL', target_type, target_id,
            format(
                'Instance %s is flapping: lost %s times within %s min', target_id, flapping_losses,
                round(extract(epoch FROM flapping_time) / 60)
            ),
            metadata
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

-- Notes an event for each alert that is raised and for each whose status or number of occurrences changes.
CREATE OR REPLACE FUNCTION note_alert_events() RETURNS trigger LANGUAGE plpgsql AS $$
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
