-- Silences an alert, and later ones of its source and target, for the given number of seconds; whether it exists.
-- name: silenceAlert :exec
-- in: alert_id uuid, seconds int8, reason text?, actor text
INSERT INTO alert_silences (source, target_type, target_id, silenced_until, silenced_by, reason)
SELECT source, target_type, target_id, now() + :seconds::int8 * interval '1 second', :actor, :reason
FROM alerts
WHERE alert_id = :alert_id
ON CONFLICT (source, target_type, target_id) DO UPDATE SET
    silenced_until = excluded.silenced_until,
    silenced_by = excluded.silenced_by,
    reason = excluded.reason
