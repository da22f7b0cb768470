-- A delivery and its notification.
-- type: NotificationDeliveryRow
-- import: Generated
-- out: delivery_id uuid, notification_id uuid, severity text(Severity), title text, message text, alert_id uuid?, target text
-- out: status text(DeliveryStatus), attempts int8, created_at timestamptz, next_attempt_at timestamptz?, sent_at timestamptz?
-- out: last_error text?

-- name: listNotifications :many
-- in: status text(DeliveryStatus)?, alert_id uuid?, after_time timestamptz?, after_id uuid?, limit int8, offset int8
-- out: NotificationDeliveryRow
SELECT
    delivery_id, notification_id, severity, title, message, alert_id, target, status, attempts, delivery.created_at,
    CASE WHEN status = 'PENDING' THEN next_attempt_at END AS next_attempt_at, sent_at, last_error
FROM notification_deliveries AS delivery
JOIN notifications USING (notification_id)
WHERE (:status IS NULL OR status = :status)
    AND (:alert_id IS NULL OR alert_id = :alert_id)
    AND (delivery.created_at, delivery_id) < (coalesce(:after_time, 'infinity'), coalesce(:after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY delivery.created_at DESC, delivery_id DESC
LIMIT :limit
OFFSET :offset

-- name: countNotifications :one
-- in: status text(DeliveryStatus)?, alert_id uuid?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM notification_deliveries
    WHERE (:status IS NULL OR status = :status)
        AND (:alert_id IS NULL OR notification_id IN (SELECT notification_id FROM notifications WHERE alert_id = :alert_id))
    LIMIT :most
) AS counted

-- name: deliveriesOf :many
-- in: notification_id uuid
-- out: NotificationDeliveryRow
SELECT
    delivery_id, notification_id, severity, title, message, alert_id, target, status, attempts, delivery.created_at,
    CASE WHEN status = 'PENDING' THEN next_attempt_at END AS next_attempt_at, sent_at, last_error
FROM notification_deliveries AS delivery
JOIN notifications USING (notification_id)
WHERE notification_id = :notification_id
ORDER BY target
