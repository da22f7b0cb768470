-- Clocks that are off, and processes that share an instance.
ALTER TABLE instance_live
    -- When the newest heartbeat was sent, but never later than it came: what orders heartbeats.
    ADD COLUMN sent_at timestamptz DEFAULT now(),
    -- When the last heartbeat was sent, by the instance's clock.
    ADD COLUMN beat_at timestamptz DEFAULT now(),
    -- By how many seconds that clock lags behind ours.
    ADD COLUMN clock_lag float8 NOT NULL DEFAULT 0,
    -- How many heartbeats in a row the clock was off, and by the same.
    ADD COLUMN skewed_beats int4 NOT NULL DEFAULT 0;
UPDATE instance_live SET sent_at = last_seen, beat_at = last_seen;
ALTER TABLE instance_live ALTER COLUMN sent_at SET NOT NULL, ALTER COLUMN beat_at SET NOT NULL;

-- How many heartbeats in a row a clock was more than 10 s off, and by the same, counting one that lags by `lag`. Only time that goes
-- on counts: what is sent again says nothing of the clock. What is late comes at odd times; a clock that is off is so to the instant,
-- and once that is known the network may take its time.
CREATE FUNCTION skewed_beats(lag float8, sent_at timestamptz, known int4, known_lag float8, known_at timestamptz) RETURNS int4
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN abs(lag) <= 10 THEN 0
        WHEN known = 0 OR abs(lag - known_lag) > CASE WHEN known < 3 THEN 0.5 ELSE 5 END THEN 1
        WHEN sent_at <= known_at THEN known
        ELSE least(known, 1000) + 1
    END
$$;

-- The processes that reported for an instance; the last one holds it.
CREATE TABLE instance_boots (
    instance_id text NOT NULL REFERENCES instances,
    boot_id text NOT NULL,
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    first_received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, boot_id)
);

ALTER TABLE alerts
    -- Who raised it, where the audit log is to know; it does once the first try to tell somebody is over.
    ADD COLUMN raised_by text,
    ADD COLUMN is_audited bool NOT NULL DEFAULT false,
    ADD COLUMN last_queued_at timestamptz,
    ADD COLUMN last_notified_at timestamptz;
UPDATE alerts SET is_audited = true;

CREATE INDEX alerts_unaudited ON alerts (first_at) WHERE raised_by IS NOT NULL AND NOT is_audited;
CREATE INDEX alerts_by_target ON alerts (target_id, source, first_at DESC);

-- Of which alerts nobody is told for a while.
CREATE TABLE alert_silences (
    source text NOT NULL,
    target_type text NOT NULL,
    target_id text NOT NULL,
    silenced_until timestamptz NOT NULL,
    silenced_by text NOT NULL,
    reason text,
    PRIMARY KEY (source, target_type, target_id)
);

-- Until when nobody is told of an alert; null when it is not silenced.
CREATE FUNCTION silence_of(alert alerts) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT silenced_until
    FROM alert_silences
    WHERE (source, target_type, target_id) = (alert.source, alert.target_type, alert.target_id)
        AND silenced_until > now()
$$;

-- What somebody has to be told. It commits with what caused it.
CREATE TABLE notifications (
    notification_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    severity text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    alert_id uuid REFERENCES alerts,
    created_at timestamptz NOT NULL DEFAULT now(),
    is_routed bool NOT NULL DEFAULT false
);

CREATE INDEX notifications_unrouted ON notifications (created_at) WHERE NOT is_routed;
CREATE INDEX notifications_by_alert ON notifications (alert_id);

-- Each notification on its way to each target.
CREATE TABLE notification_deliveries (
    delivery_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    notification_id uuid NOT NULL REFERENCES notifications,
    target text NOT NULL,
    status text NOT NULL DEFAULT 'PENDING',
    attempts int8 NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- Until then a server has it in hand.
    claimed_until timestamptz,
    sent_at timestamptz,
    last_error text
);

CREATE INDEX notification_deliveries_due ON notification_deliveries (target, next_attempt_at) WHERE status = 'PENDING';
CREATE INDEX notification_deliveries_newest ON notification_deliveries (created_at DESC, delivery_id DESC);
CREATE INDEX notification_deliveries_by_notification ON notification_deliveries (notification_id);

-- How much each target has been sent, for all servers.
CREATE TABLE notification_targets (
    target text PRIMARY KEY,
    -- When its allowance is whole again (the theoretical arrival time of a leaky bucket).
    restored_at timestamptz NOT NULL DEFAULT now(),
    -- Until then it wants nothing, as it said itself.
    blocked_until timestamptz NOT NULL DEFAULT now()
);

-- The title under which people are told of a source's alerts.
CREATE FUNCTION alert_title(source text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE source
        WHEN 'heartbeat_monitor' THEN 'Heartbeat Lost'
        WHEN 'module_runs' THEN 'Module Run Stuck'
        WHEN 'reconcile' THEN 'Reconciliation Mismatch'
        WHEN 'clock_skew' THEN 'Clock Skew'
        WHEN 'flapping' THEN 'Instance Flapping'
        ELSE initcap(replace(source, '_', ' '))
    END
$$;

-- Whoever raises an alert, or raises it again an hour after somebody was told last, has somebody told: in the same transaction. An
-- instance that is lost for the third time within a quarter of an hour flaps: that is one alert, and its losses are told no more.
CREATE FUNCTION notify_of_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.last_queued_at > NEW.last_at - interval '1 hour' THEN RETURN NULL; END IF;
    IF NEW.source = 'heartbeat_monitor' AND 3 <= (
        SELECT count(*)
        FROM alerts
        WHERE target_id = NEW.target_id
            AND source = NEW.source
            AND target_type = NEW.target_type
            AND first_at > now() - interval '15 minutes'
    ) THEN
        INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
        VALUES (
            'flapping', 'CRITICAL', NEW.target_type, NEW.target_id,
            'Instance ' || NEW.target_id || ' is lost and back again and again', NEW.metadata
        )
        ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO UPDATE SET
            occurrences = alert.occurrences + 1,
            last_at = now();
        RETURN NULL;
    END IF;
    IF silence_of(NEW) IS NOT NULL THEN RETURN NULL; END IF;
    INSERT INTO notifications (severity, title, message, alert_id)
    VALUES (NEW.severity, alert_title(NEW.source), NEW.message, NEW.alert_id);
    UPDATE alerts SET last_queued_at = now() WHERE alert_id = NEW.alert_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER alerts_are_raised
    AFTER INSERT ON alerts
    FOR EACH ROW EXECUTE FUNCTION notify_of_alert();
CREATE TRIGGER alerts_are_raised_again
    AFTER UPDATE ON alerts
    FOR EACH ROW
    WHEN (NEW.occurrences > OLD.occurrences)
    EXECUTE FUNCTION notify_of_alert();

ALTER TABLE reconcile_results
    ADD COLUMN reported_status text,
    ADD COLUMN is_difference_wrong bool NOT NULL DEFAULT false,
    ADD COLUMN submitted_by text,
    ADD COLUMN is_audited bool NOT NULL DEFAULT false;
UPDATE reconcile_results SET reported_status = status, is_audited = true;
ALTER TABLE reconcile_results ALTER COLUMN reported_status SET NOT NULL;

CREATE INDEX reconcile_results_unaudited ON reconcile_results (received_at) WHERE submitted_by IS NOT NULL AND NOT is_audited;
