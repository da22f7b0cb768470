-- Creates a notification that belongs to no alert.
-- name: insertNotification :one
-- import: Generated
-- in: severity text(Severity), title text, message text
-- out: notification_id uuid
INSERT INTO notifications (severity, title, message)
VALUES (:severity, :title, :message)
RETURNING notification_id
