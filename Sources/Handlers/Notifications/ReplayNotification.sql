-- Makes a dead delivery pending again, with all its attempts.
-- name: replayDelivery :optional
-- in: delivery_id uuid
-- out: NotificationDeliveryRow
UPDATE notification_deliveries AS delivery
SET status = 'PENDING',
    attempts = 0,
    next_attempt_at = now()
FROM notifications
WHERE notifications.notification_id = delivery.notification_id
    AND delivery_id = :delivery_id
    AND status = 'DEAD'
RETURNING
    delivery_id, delivery.notification_id, severity, title, message, alert_id, target, status, attempts,
    delivery.created_at, next_attempt_at, sent_at, last_error

-- name: deliveryExists :one
-- in: delivery_id uuid
-- out: exists bool
SELECT EXISTS (SELECT FROM notification_deliveries WHERE delivery_id = :delivery_id)
