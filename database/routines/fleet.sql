-- Counts, status and heartbeats of the fleet.

-- Counts new bots and instances. Each connection has its own row (slot), so connections do not wait for each other.
CREATE OR REPLACE FUNCTION count_fleet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet_counts AS known
    SELECT
        pg_backend_pid(),
        CASE TG_TABLE_NAME WHEN 'bots' THEN count(*) ELSE 0 END,
        CASE TG_TABLE_NAME WHEN 'instances' THEN count(*) ELSE 0 END
    FROM added
    HAVING count(*) > 0
    ON CONFLICT (slot) DO UPDATE SET bots = known.bots + excluded.bots, instances = known.instances + excluded.instances;
    IF TG_TABLE_NAME = 'instances' THEN
        UPDATE bots
        SET has_instance = true
        WHERE bot_id IN (
            SELECT bot_id FROM bots WHERE bot_id IN (SELECT bot_id FROM added) AND NOT has_instance ORDER BY bot_id FOR NO KEY UPDATE
        );
    END IF;
    RETURN NULL;
END
$$;

-- Updates `has_instance` of both bots when an instance moves to another bot.
CREATE OR REPLACE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM bots WHERE bot_id IN (OLD.bot_id, NEW.bot_id) ORDER BY bot_id FOR UPDATE;
    UPDATE bots
    SET has_instance = EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id AND retired_at IS NULL)
    WHERE bot_id IN (OLD.bot_id, NEW.bot_id);
    RETURN NULL;
END
$$;

-- Subtracts deleted bots and instances from the counts. Only retired instances are deleted.
CREATE OR REPLACE FUNCTION note_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet_counts AS known (slot, bots, instances, retired)
    VALUES (
        pg_backend_pid(),
        CASE TG_TABLE_NAME WHEN 'bots' THEN -1 ELSE 0 END,
        0,
        CASE TG_TABLE_NAME WHEN 'instances' THEN -1 ELSE 0 END
    )
    ON CONFLICT (slot) DO UPDATE SET bots = known.bots + excluded.bots, retired = known.retired + excluded.retired;
    RETURN NULL;
END
$$;

-- The text by which exchanges are compared: agents report one exchange in different cases. Only ASCII letters are equal in both cases. `exchanges`
-- has the spelling that pages and groups show.
CREATE OR REPLACE FUNCTION exchange_key(exchange text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(exchange COLLATE "C")
$$;

-- The status of an instance: LOST if it is silent, otherwise what it reports. A stopped instance is expected to be silent.
CREATE OR REPLACE FUNCTION instance_status(state text, last_seen timestamptz, lost_before timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN state = 'STOPPED' THEN state
        WHEN last_seen < lost_before THEN 'LOST'
        WHEN state = 'NORMAL' THEN 'RUNNING'
        ELSE state
    END
$$;

-- The order of instances in lists; operators look first at the lowest rank.
CREATE OR REPLACE FUNCTION instance_rank(status text, is_late bool) RETURNS int4 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE status
        WHEN 'LOST' THEN 0
        WHEN 'UNRESPONSIVE' THEN 1
        WHEN 'FLATTENED' THEN 2
        WHEN 'SAFE_MODE' THEN 3
        WHEN 'REDUCE_ONLY' THEN 4
        WHEN 'DEGRADED' THEN 5
        WHEN 'RUNNING' THEN CASE WHEN is_late THEN 6 ELSE 7 END
        ELSE 8
    END
$$;

-- A text that orders names by the values of the numbers in them, so that version 1.10 follows 1.9: each number has its length before it.
CREATE OR REPLACE FUNCTION natural_key(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(CASE WHEN digits = '' THEN part[1] ELSE lpad(length(digits)::text, 4, '0') || digits END, '' ORDER BY place)
    FROM regexp_matches(name, '[0-9]+|[^0-9]+', 'g') WITH ORDINALITY AS found (part, place)
    CROSS JOIN LATERAL (SELECT CASE WHEN part[1] ~ '^[0-9]' THEN coalesce(nullif(ltrim(part[1], '0'), ''), '0') ELSE '' END AS digits) AS number
$$;

-- In how many consecutive heartbeats the clock was off by the same more than the tolerance, including one whose clock lags by `lag` seconds.
-- A late packet has a random lag, a wrong clock a constant one; once the clock counts as wrong, 5 s of variation are tolerated. A repeated
-- heartbeat does not count.
CREATE OR REPLACE FUNCTION skewed_beats(lag float8, sent_at timestamptz, known int4, known_lag float8, known_at timestamptz) RETURNS int4
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN abs(lag) <= policy_value('clock_tolerance_seconds', '10')::float8 THEN 0
        WHEN known = 0 OR abs(lag - known_lag) > CASE WHEN known < policy_value('skewed_heartbeats', '3')::int4 THEN 0.5 ELSE 5 END THEN 1
        WHEN sent_at <= known_at THEN known
        ELSE least(known, 1000) + 1
    END
$$;

-- Notes a changed version. The change of the strategy in the same heartbeat is the same deployment.
CREATE OR REPLACE FUNCTION note_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deployments AS known (instance_id, version, version_before)
    VALUES (NEW.instance_id, NEW.version, OLD.version)
    ON CONFLICT (instance_id, at) DO UPDATE SET version = excluded.version, version_before = excluded.version_before;
    RETURN NULL;
END
$$;

-- Notes a changed version or hash of the strategy.
CREATE OR REPLACE FUNCTION note_strategy() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- Clears the fingerprint of an instance that moved to another bot, so that its next heartbeat takes the longer statement. Argument of the
-- trigger: the column with the instance.
CREATE OR REPLACE FUNCTION forget_fingerprint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE instance_live SET fingerprint = NULL WHERE instance_id = to_jsonb(NEW) ->> TG_ARGV[0];
    RETURN NULL;
END
$$;

-- Clears the fingerprints of lost instances, so that their next heartbeats take the longer statement, which resolves the alerts.
CREATE OR REPLACE FUNCTION forget_fingerprints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE instance_live
    SET fingerprint = NULL
    FROM changed
    WHERE source = 'heartbeat_monitor'
        AND target_type = 'instance'
        AND instance_id = target_id;
    RETURN NULL;
END
$$;

-- Notes that an instance is not LIVE any more.
CREATE OR REPLACE FUNCTION note_live_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.live_until := now();
    RETURN NEW;
END
$$;
