CREATE TABLE bots (
    bot_id text PRIMARY KEY,
    name text NOT NULL,
    strategy_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE instances (
    instance_id text PRIMARY KEY,
    bot_id text NOT NULL REFERENCES bots,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX instances_by_bot ON instances (bot_id, instance_id);

-- What each heartbeat changes, apart from what it does not: a narrow row with room on its page and no index on a changing column, so
-- that updates stay heap-only.
CREATE TABLE instance_live (
    instance_id text PRIMARY KEY REFERENCES instances,
    runtime_mode text NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    version text NOT NULL,
    metadata jsonb NOT NULL,
    last_seen timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
