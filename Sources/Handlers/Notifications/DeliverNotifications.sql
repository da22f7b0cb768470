-- Creates the deliveries of each new notification, one per target of its severity; for web push only if a browser is subscribed.
-- name: routeNotifications :exec
-- in: targets text[], severities text[], most int8
WITH fresh AS (
    SELECT notification_id, severity
    FROM notifications
    WHERE NOT is_routed
    ORDER BY created_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
),
routed AS (
    UPDATE notifications
    SET is_routed = true
    FROM fresh
    WHERE notifications.notification_id = fresh.notification_id
)
INSERT INTO notification_deliveries (notification_id, target)
SELECT fresh.notification_id, route.target
FROM fresh
JOIN unnest(:targets, :severities) AS route (target, severity) USING (severity)
WHERE target <> 'push' OR EXISTS (SELECT FROM push_subscriptions)

-- name: knowTarget :exec
-- in: target text
INSERT INTO notification_targets (target)
VALUES (:target)
ON CONFLICT (target) DO NOTHING

-- Whether a target may be sent a message now: five messages at once, then one every 2.4 seconds, which is the known limit of Discord's
-- webhooks. Only one server at a time sends to a target.
-- name: openTarget :optional
-- in: target text
-- out: is_open bool
SELECT blocked_until <= now() AND restored_at <= now() + 4 * interval '2.4 seconds' AS is_open
FROM notification_targets
WHERE target = :target
FOR UPDATE SKIP LOCKED

-- Claims the due deliveries of a target for a minute: all of one severity and title, the most urgent and the oldest first. A hundred with
-- the title of lost instances wait until none are added within a second, at most four seconds: a fleet that is lost at once is one message.
-- Deliveries of one message have reached the same subscriptions.
-- name: claimDeliveries :many
-- import: Generated
-- in: target text, losses text, most int8
-- out: delivery_id uuid, severity text(Severity), title text, message text, created_at timestamptz
-- out: alert_id uuid?, reached text[]?
WITH due AS MATERIALIZED (
    SELECT delivery_id, severity, title, message, notifications.created_at, alert_id, reached
    FROM notification_deliveries
    JOIN notifications USING (notification_id)
    WHERE target = :target
        AND status = 'PENDING'
        AND next_attempt_at <= now()
        AND (claimed_until IS NULL OR claimed_until < now())
),
kind AS (
    SELECT severity, title, reached
    FROM due
    GROUP BY severity, title, reached
    HAVING title <> :losses
        OR count(*) < 100
        OR max(created_at) < now() - interval '1 second'
        OR min(created_at) < now() - interval '4 seconds'
    ORDER BY array_position(ARRAY['CRITICAL', 'WARNING', 'AUDIT', 'INFO'], severity), min(created_at)
    LIMIT 1
),
chosen AS (
    SELECT delivery_id, severity, title, message, created_at, alert_id, due.reached
    FROM due
    JOIN kind USING (severity, title)
    WHERE due.reached IS NOT DISTINCT FROM kind.reached
    ORDER BY created_at, message
    LIMIT :most
),
claimed AS (
    UPDATE notification_deliveries
    SET claimed_until = now() + interval '1 minute',
        attempts = attempts + 1
    FROM chosen
    WHERE notification_deliveries.delivery_id = chosen.delivery_id
)
SELECT delivery_id, severity, title, message, created_at, alert_id, reached::text[] AS reached
FROM chosen
ORDER BY created_at, message

-- name: useTarget :exec
-- in: target text
UPDATE notification_targets
SET restored_at = greatest(restored_at, now()) + interval '2.4 seconds'
WHERE target = :target

-- Marks deliveries as sent, and records the time in their alerts.
-- name: markSent :exec
-- in: delivery_ids text[]
WITH sent AS (
    UPDATE notification_deliveries
    SET status = 'SENT',
        sent_at = now(),
        claimed_until = NULL,
        last_error = NULL
    WHERE delivery_id = ANY (:delivery_ids::text[]::uuid[])
    RETURNING notification_id
),
held AS (
    SELECT alert_id
    FROM alerts
    WHERE alert_id IN (SELECT alert_id FROM notifications JOIN sent USING (notification_id))
    ORDER BY alert_id
    FOR NO KEY UPDATE
)
UPDATE alerts
SET last_notified_at = now()
FROM held
WHERE alerts.alert_id = held.alert_id

-- Schedules failed deliveries for another attempt after 2, 4, 8, … seconds, at most five minutes, plus up to a half at random. After twelve
-- attempts a delivery is dead until it is replayed. `reached` are the subscriptions that accepted it, if any did.
-- name: markFailed :exec
-- in: delivery_ids text[], error text, reached text[]?
UPDATE notification_deliveries
SET status = CASE WHEN attempts >= 12 THEN 'DEAD' ELSE 'PENDING' END,
    next_attempt_at = now() + least(2 ^ attempts, 300) * (1 + random() / 2) * interval '1 second',
    claimed_until = NULL,
    reached = coalesce(:reached::text[]::uuid[], reached),
    last_error = :error
WHERE delivery_id = ANY (:delivery_ids::text[]::uuid[])

-- Postpones deliveries that a target declined for now by the time that it named; this does not count as an attempt.
-- name: markLimited :exec
-- in: delivery_ids text[], target text, seconds float8
WITH blocked AS (
    UPDATE notification_targets
    SET blocked_until = greatest(blocked_until, now() + :seconds * interval '1 second')
    WHERE target = :target
)
UPDATE notification_deliveries
SET attempts = attempts - 1,
    next_attempt_at = now() + :seconds * interval '1 second',
    claimed_until = NULL,
    last_error = 'status 429'
WHERE delivery_id = ANY (:delivery_ids::text[]::uuid[])

-- Whether a first attempt is pending or in progress for these targets. Deliveries that a target has declined for now are not awaited.
-- name: isFirstTryPending :one
-- in: targets text[]
-- out: is_pending bool
SELECT
    cardinality(:targets) > 0 AND EXISTS (SELECT FROM notifications WHERE NOT is_routed)
    OR EXISTS (
        SELECT
        FROM notification_deliveries
        LEFT JOIN notification_targets USING (target)
        WHERE target = ANY (:targets)
            AND status = 'PENDING'
            AND CASE attempts
                WHEN 0 THEN coalesce(blocked_until <= now() AND restored_at <= now() + 4 * interval '2.4 seconds', true)
                WHEN 1 THEN claimed_until > now()
                ELSE false
            END
    ) AS is_pending
