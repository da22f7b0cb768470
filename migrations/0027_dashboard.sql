-- How an instance is: what it says of itself, unless its silence says more.
CREATE FUNCTION instance_status(state text, last_seen timestamptz, lost_before timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN state = 'STOPPED' THEN state
        WHEN last_seen < lost_before THEN 'LOST'
        WHEN state = 'NORMAL' THEN 'RUNNING'
        ELSE state
    END
$$;

-- What an operator looks at first has the lowest number.
CREATE FUNCTION instance_rank(status text, is_late bool) RETURNS int4 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE status
        WHEN 'LOST' THEN 0
        WHEN 'FLATTENED' THEN 1
        WHEN 'SAFE_MODE' THEN 2
        WHEN 'DEGRADED' THEN 3
        WHEN 'RUNNING' THEN CASE WHEN is_late THEN 4 ELSE 5 END
        ELSE 6
    END
$$;

-- The commands that were given together.
ALTER TABLE commands ADD COLUMN bulk_id uuid;
CREATE INDEX commands_by_bulk ON commands (bulk_id, created_at DESC, command_id DESC) WHERE bulk_id IS NOT NULL;

-- What an instance has still to do.
CREATE INDEX commands_open ON commands (instance_id) WHERE status IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED');

-- What has to be looked at about a thing, beside the list of all alerts.
CREATE INDEX alerts_of_target ON alerts (target_type, target_id) WHERE status <> 'RESOLVED';

-- Who is logged in. Of the secret in the cookie and of the token that opened the session only SHA-256 is kept; what the session may do is
-- what the token may do now.
CREATE TABLE web_sessions (
    hash text PRIMARY KEY,
    token_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX web_sessions_oldest ON web_sessions (expires_at);

-- Wrong tokens at the door of the dashboard, by address.
CREATE TABLE login_failures (
    address text PRIMARY KEY,
    failures int4 NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now()
);
