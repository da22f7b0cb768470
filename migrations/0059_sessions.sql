-- Sessions of the dashboard are listed with their browser, end when they are idle, and know when their user last authenticated.

ALTER TABLE web_sessions
    -- Identifies the session without revealing its secret. The audit log has the first 16 digits.
    ADD COLUMN session_id uuid NOT NULL GENERATED ALWAYS AS ("left"(hash, 32)::uuid) STORED,
    -- Null if a server of release 1.2 opened it.
    ADD COLUMN principal text,
    ADD COLUMN address text,
    ADD COLUMN browser text,
    -- When its user last opened a page or sent a form, to half a minute.
    ADD COLUMN used_at timestamptz NOT NULL DEFAULT now(),
    -- Null if an OpenID provider does not state it.
    ADD COLUMN authenticated_at timestamptz DEFAULT now();
CREATE UNIQUE INDEX web_sessions_by_id ON web_sessions (session_id);
CREATE INDEX web_sessions_newest ON web_sessions (created_at DESC, session_id DESC);
