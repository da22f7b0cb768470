-- The first page of the dashboard: deployments in its charts, errors of ingest and of deliveries, exchanges under one name.

-- Changes of an instance's version or strategy, as its heartbeats reported them. A value that has not changed is null.
CREATE TABLE deployments (
    deployment_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    version text,
    version_before text,
    strategy_version text,
    strategy_version_before text,
    strategy_hash text,
    strategy_hash_before text,
    UNIQUE (instance_id, at)
);
CREATE INDEX deployments_newest ON deployments (at DESC, deployment_id DESC);

CREATE FUNCTION note_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deployments AS known (instance_id, version, version_before)
    VALUES (NEW.instance_id, NEW.version, OLD.version)
    ON CONFLICT (instance_id, at) DO UPDATE SET version = excluded.version, version_before = excluded.version_before;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_strategy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deployments AS known
        (instance_id, strategy_version, strategy_version_before, strategy_hash, strategy_hash_before)
    SELECT
        NEW.instance_id,
        CASE WHEN OLD.strategy_version <> NEW.strategy_version THEN NEW.strategy_version END,
        CASE WHEN OLD.strategy_version <> NEW.strategy_version THEN OLD.strategy_version END,
        CASE WHEN OLD.strategy_hash <> NEW.strategy_hash THEN NEW.strategy_hash END,
        CASE WHEN OLD.strategy_hash <> NEW.strategy_hash THEN OLD.strategy_hash END
    ON CONFLICT (instance_id, at) DO UPDATE SET
        strategy_version = excluded.strategy_version,
        strategy_version_before = excluded.strategy_version_before,
        strategy_hash = excluded.strategy_hash,
        strategy_hash_before = excluded.strategy_hash_before;
    RETURN NULL;
END
$$;

CREATE TRIGGER instances_deploy
    AFTER UPDATE OF version ON instance_live
    FOR EACH ROW
    WHEN (OLD.version <> NEW.version)
    EXECUTE FUNCTION note_version();
CREATE TRIGGER strategies_deploy
    AFTER UPDATE OF strategy_version, strategy_hash ON instance_profiles
    FOR EACH ROW
    WHEN (OLD.strategy_version <> NEW.strategy_version OR OLD.strategy_hash <> NEW.strategy_hash)
    EXECUTE FUNCTION note_strategy();

-- The reports of agents that each server answered in its last minute, and those among them that failed with 500.
CREATE TABLE ingest_counts (
    server_id uuid PRIMARY KEY,
    noted_at timestamptz NOT NULL,
    requests int8 NOT NULL,
    failures int8 NOT NULL
);
CREATE INDEX notification_deliveries_failed ON notification_deliveries (created_at DESC) WHERE status = 'DEAD';

-- Exchanges are compared without regard to the case of ASCII letters.
CREATE FUNCTION exchange_key(exchange text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(exchange COLLATE "C")
$$;

-- The exchanges of the fleet, each by the first of its reported spellings.
CREATE VIEW exchanges AS
SELECT exchange_key(exchange) AS key, min(exchange COLLATE "C") AS name FROM instance_live GROUP BY 1;
