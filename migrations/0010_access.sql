-- Who may do what. Of a secret only its SHA-256 is kept, in hexadecimal.
CREATE TABLE access_tokens (
    token_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    roles text[] NOT NULL,
    -- The instance that an agent's token speaks for. It may not be known yet.
    instance_id text,
    hash text NOT NULL UNIQUE,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- A person has one token that was neither revoked nor exchanged.
CREATE UNIQUE INDEX access_tokens_by_name ON access_tokens (name) WHERE instance_id IS NULL AND revoked_at IS NULL;
CREATE INDEX access_tokens_newest ON access_tokens (created_at DESC, token_id DESC);
