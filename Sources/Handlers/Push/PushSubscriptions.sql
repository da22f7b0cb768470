-- A subscription without its secrets.
-- type: PushSubscriptionRow
-- out: subscription_id uuid, endpoint text, device text, created_at timestamptz, sent_at timestamptz?, last_error text?

-- name: listPushSubscriptions :many
-- in: principal text
-- out: PushSubscriptionRow
SELECT subscription_id, endpoint, device, created_at, sent_at, last_error
FROM push_subscriptions
WHERE principal = :principal
ORDER BY created_at DESC, subscription_id DESC

-- Stores a subscription. A browser that is subscribed already keeps its id. Returns no row if the principal has too many others.
-- name: insertPushSubscription :optional
-- in: principal text, endpoint text, p256dh text, auth text, device text, most int8
-- out: PushSubscriptionRow
INSERT INTO push_subscriptions (principal, endpoint, p256dh, auth, device)
SELECT :principal, :endpoint, :p256dh, :auth, :device
WHERE (SELECT count(*) FROM push_subscriptions WHERE principal = :principal AND endpoint <> :endpoint) < :most
ON CONFLICT (endpoint) DO UPDATE
SET principal = excluded.principal,
    p256dh = excluded.p256dh,
    auth = excluded.auth,
    device = excluded.device,
    last_error = NULL
RETURNING subscription_id, endpoint, device, created_at, sent_at, last_error

-- Ends a subscription of the principal; its device.
-- name: deletePushSubscription :optional
-- in: subscription_id uuid, principal text
-- out: device text
DELETE FROM push_subscriptions
WHERE subscription_id = :subscription_id
    AND principal = :principal
RETURNING device

-- The subscriptions of principals that have a valid token.
-- name: validPushSubscriptions :many
-- in: configured text[]
-- out: subscription_id uuid, endpoint text, p256dh text, auth text
SELECT subscription_id, endpoint, p256dh, auth
FROM push_subscriptions
WHERE principal = ANY (:configured)
    OR EXISTS (
        SELECT
        FROM access_tokens
        WHERE name = principal
            AND instance_id IS NULL
            AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > now())
    )
ORDER BY subscription_id

-- Records the results of a message, and removes the subscriptions that their push service has ended.
-- name: notePushResults :exec
-- in: reached text[], failed text[], errors text[], ended text[]
WITH forgotten AS (
    DELETE FROM push_subscriptions
    WHERE subscription_id = ANY (:ended::text[]::uuid[])
),
results AS (
    SELECT id::uuid AS subscription_id, NULL AS error
    FROM unnest(:reached) AS id
    UNION ALL
    SELECT id::uuid, error
    FROM unnest(:failed, :errors) AS failure (id, error)
)
UPDATE push_subscriptions
SET sent_at = CASE WHEN results.error IS NULL THEN now() ELSE sent_at END,
    last_error = results.error
FROM results
WHERE push_subscriptions.subscription_id = results.subscription_id

-- Ends all subscriptions of a principal that has no valid token, so that a later token of the same name does not inherit them.
-- name: deletePushSubscriptionsOf :exec
-- in: principal text
DELETE FROM push_subscriptions
WHERE principal = :principal
    AND NOT EXISTS (
        SELECT
        FROM access_tokens
        WHERE name = :principal
            AND instance_id IS NULL
            AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > now())
    )
