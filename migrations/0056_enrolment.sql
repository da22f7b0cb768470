-- Agents exchange enrolment codes for credentials, and only the identity of an instance takes over its lease.

ALTER TABLE access_tokens
    -- Whose token it is: a rotated token has the identity of its predecessor.
    ADD COLUMN identity uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The lifetime of each successor of an enrolled agent's credential, which the agent rotates; null for all other tokens.
    ADD COLUMN lifetime_seconds int8;
CREATE INDEX access_tokens_by_identity ON access_tokens (identity);
CREATE INDEX access_tokens_of_agents ON access_tokens (instance_id) WHERE instance_id IS NOT NULL;
CREATE UNIQUE INDEX access_tokens_enrolled ON access_tokens (instance_id) WHERE lifetime_seconds IS NOT NULL AND revoked_at IS NULL;

CREATE TABLE enrolment_codes (
    code_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    hash text NOT NULL UNIQUE,
    -- The bots whose instances may enrol; empty for any.
    bot_ids text[] NOT NULL,
    count int8 NOT NULL,
    used int8 NOT NULL DEFAULT 0,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (used BETWEEN 0 AND count)
);
CREATE INDEX enrolment_codes_newest ON enrolment_codes (created_at DESC, code_id DESC);

ALTER TABLE instance_live
    -- The identity of the agent that sent the newest heartbeat; null if it had no token.
    ADD COLUMN identity uuid;
