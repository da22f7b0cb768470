-- Browsers that receive CRITICAL notifications by web push.

CREATE TABLE push_subscriptions (
    subscription_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Whose browser it is. Without a valid token of this name it gets no messages.
    principal text NOT NULL,
    -- The URL at the push service, and the keys of the browser in URL-safe Base64.
    endpoint text NOT NULL UNIQUE,
    p256dh text NOT NULL,
    auth text NOT NULL,
    device text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    last_error text
);
CREATE INDEX push_subscriptions_of_principal ON push_subscriptions (principal);

-- The subscriptions that accepted a delivery of the target `push` whose other subscriptions failed: the next attempt omits them.
ALTER TABLE notification_deliveries ADD COLUMN reached uuid[];
