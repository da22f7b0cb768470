-- People who sign in at an OpenID provider.

-- A person is an issuer and a subject (OpenID Connect Core 1.0, section 2). The name is for people and never changes.
CREATE TABLE openid_people (
    issuer text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);

CREATE TABLE openid_sessions (
    hash text PRIMARY KEY REFERENCES web_sessions ON DELETE CASCADE,
    issuer text NOT NULL,
    subject text NOT NULL,
    -- The roles of the person's groups at the last check.
    roles text[] NOT NULL,
    -- The provider's tokens, encrypted under the secret of the session, which only the browser has.
    tokens text NOT NULL,
    -- When the provider last confirmed the person's groups.
    checked_at timestamptz NOT NULL DEFAULT now(),
    -- Until then no other server asks the provider.
    claimed_until timestamptz,
    -- Since when the provider has not responded; null if it has.
    failing_since timestamptz,
    FOREIGN KEY (issuer, subject) REFERENCES openid_people
);
