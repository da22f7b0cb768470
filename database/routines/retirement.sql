-- Instances that leave the fleet, return, or are deleted.

-- Updates counts, sums, commands and alerts when an instance retires or returns. It waits for concurrent registrations of instances of the
-- same bot.
CREATE OR REPLACE FUNCTION note_retirement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    leaves CONSTANT int8 := CASE WHEN NEW.retired_at IS NULL THEN -1 ELSE 1 END;
BEGIN
    INSERT INTO fleet_counts AS known (slot, bots, instances, retired)
    VALUES (pg_backend_pid(), 0, -leaves, leaves)
    ON CONFLICT (slot) DO UPDATE SET
        instances = known.instances + excluded.instances,
        retired = known.retired + excluded.retired;
    IF leaves = 1 THEN
        DELETE FROM instance_live WHERE instance_id = NEW.instance_id;
        UPDATE commands
        SET status = 'CANCELED',
            changed_by = NEW.retired_by
        WHERE instance_id = NEW.instance_id
            AND status IN ('PENDING', 'AWAITING_APPROVAL');
        UPDATE alerts
        SET status = 'RESOLVED',
            resolved_at = now(),
            resolved_by = NEW.retired_by
        WHERE target_type = 'instance'
            AND target_id = NEW.instance_id
            AND status <> 'RESOLVED';
    ELSE
        INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
        VALUES (
            'agent', 'INSTANCE_RETURN', 'instance', NEW.instance_id, 'SUCCESS',
            jsonb_build_object('retired_at', OLD.retired_at, 'retired_by', OLD.retired_by)
        );
    END IF;
    -- Sums exclude positions without a mode.
    PERFORM FROM positions WHERE instance_id = NEW.instance_id ORDER BY symbol FOR NO KEY UPDATE;
    UPDATE positions
    SET runtime_mode = (SELECT live.runtime_mode FROM instance_live AS live WHERE live.instance_id = NEW.instance_id)
    WHERE instance_id = NEW.instance_id;
    -- The next rollup subtracts the changes of its equity, or adds them again.
    PERFORM
    FROM metric_latest AS latest
    JOIN metric_series USING (series_id)
    WHERE instance_id = NEW.instance_id
        AND metric_type = 'equity'
    ORDER BY series_id
    FOR NO KEY UPDATE OF latest;
    UPDATE metric_latest AS latest
    SET unrolled_from = least(latest.unrolled_from, latest.ts, now() - interval '10 minutes')
    FROM metric_series AS series
    WHERE series.instance_id = NEW.instance_id
        AND series.metric_type = 'equity'
        AND latest.series_id = series.series_id;
    PERFORM FROM bots WHERE bot_id = NEW.bot_id FOR UPDATE;
    UPDATE bots
    SET has_instance = EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id AND retired_at IS NULL)
    WHERE bot_id = NEW.bot_id;
    RETURN NULL;
END
$$;

-- Brings a retired instance back with its first heartbeat. It runs only for new rows, which heartbeats of known instances do not add.
CREATE OR REPLACE FUNCTION note_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.runtime_mode = '' THEN
        -- A repeated heartbeat that was in flight when the instance was retired: it counts as received before.
        DELETE FROM instance_live WHERE instance_id = NEW.instance_id;
        RETURN NULL;
    END IF;
    PERFORM FROM instances WHERE instance_id = NEW.instance_id AND retired_at IS NOT NULL;
    IF NOT FOUND THEN RETURN NULL; END IF;
    -- A retirement does not hide that the instance was LIVE.
    UPDATE instance_live AS live
    SET live_until = CASE
            WHEN last_live ->> 'runtime_mode' = 'LIVE' THEN retired_at
            ELSE (last_live ->> 'live_until')::timestamptz
        END
    FROM instances
    WHERE live.instance_id = NEW.instance_id
        AND instances.instance_id = NEW.instance_id;
    UPDATE instances
    SET retired_at = NULL,
        retired_by = NULL,
        retired_reason = NULL,
        last_live = NULL
    WHERE instance_id = NEW.instance_id
        AND retired_at IS NOT NULL
        AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'instance % is being deleted', NEW.instance_id USING ERRCODE = 'data_exception';
    END IF;
    RETURN NULL;
END
$$;

-- Locks and returns the mode of an instance until the transaction ends; null for a retired one. A separate statement
-- sees the newest row.
CREATE OR REPLACE FUNCTION held_mode(instance text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    mode text;
BEGIN
    SELECT runtime_mode INTO mode FROM instance_live WHERE instance_id = instance FOR SHARE;
    RETURN mode;
END
$$;

-- Retires up to 100 instances that have been silent for `silent_for` and hold no position, and returns their ids.
CREATE OR REPLACE FUNCTION retire_silent(silent_for interval) RETURNS SETOF text LANGUAGE sql AS $$
    WITH silent AS MATERIALIZED (
        SELECT instance_id
        FROM instances
        JOIN instance_live AS live USING (instance_id)
        WHERE last_received_at < now() - silent_for
            AND NOT EXISTS (
                SELECT
                FROM positions
                WHERE positions.instance_id = instances.instance_id
                    AND (net_exposure, gross_exposure) <> (0, 0)
            )
        ORDER BY instance_id
        LIMIT 100
        FOR NO KEY UPDATE OF instances SKIP LOCKED
    ),
    retired AS (
        UPDATE instances
        SET retired_at = now(),
            retired_by = 'scheduler',
            retired_reason = 'silent',
            last_live = to_jsonb(live)
        FROM silent
        JOIN instance_live AS live USING (instance_id)
        WHERE instances.instance_id = silent.instance_id
        RETURNING instances.instance_id, live.last_received_at
    ),
    audited AS (
        INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
        SELECT
            'scheduler', 'INSTANCE_RETIRE', 'instance', instance_id, 'SUCCESS',
            jsonb_build_object('reason', 'silent', 'last_received_at', last_received_at)
        FROM retired
        ORDER BY instance_id
    )
    SELECT instance_id FROM retired
$$;

-- Deletes a part of the rows of one deleted instance, about 10,000, and returns their number; 0 when nothing is left. It never runs
-- concurrently with rollups, which subtract the equity first.
CREATE OR REPLACE FUNCTION remove_instances() RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    part CONSTANT int8 := 10000;
    gone instances;
    series int8[];
    removed int8;
BEGIN
    -- Rollups subtract the changes of its equity first.
    SELECT * INTO gone
    FROM instances
    WHERE deleted_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM metric_series WHERE metric_series.instance_id = instances.instance_id AND booked_mode IS NOT NULL
        )
    ORDER BY deleted_at, instance_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN 0; END IF;
    series := ARRAY (SELECT series_id FROM metric_series WHERE instance_id = gone.instance_id ORDER BY series_id LIMIT 100);
    DELETE FROM metric_samples
    WHERE (series_id, ts) IN (SELECT series_id, ts FROM metric_samples WHERE series_id = ANY (series) LIMIT part);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed = part THEN RETURN removed; END IF;
    DELETE FROM metric_5m WHERE (series_id, ts) IN (SELECT series_id, ts FROM metric_5m WHERE series_id = ANY (series) LIMIT part);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed = part THEN RETURN removed; END IF;
    DELETE FROM metric_1h WHERE (series_id, ts) IN (SELECT series_id, ts FROM metric_1h WHERE series_id = ANY (series) LIMIT part);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed = part THEN RETURN removed; END IF;
    IF cardinality(series) > 0 THEN
        -- A statement that adds a sample locks the series' newest one, which is deleted here, so no sample can follow.
        PERFORM FROM metric_series WHERE series_id = ANY (series) ORDER BY series_id FOR UPDATE;
        DELETE FROM metric_latest WHERE series_id = ANY (series);
        DELETE FROM metric_samples WHERE series_id = ANY (series);
        DELETE FROM metric_series WHERE series_id = ANY (series);
        RETURN cardinality(series);
    END IF;
    DELETE FROM heartbeat_presence WHERE instance_id = gone.instance_id;
    DELETE FROM instance_boots WHERE instance_id = gone.instance_id;
    DELETE FROM positions WHERE instance_id = gone.instance_id;
    DELETE FROM orders
    WHERE (instance_id, order_id) IN (SELECT instance_id, order_id FROM orders WHERE instance_id = gone.instance_id LIMIT part);
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed = part THEN RETURN removed; END IF;
    DELETE FROM book_findings WHERE instance_id = gone.instance_id;
    DELETE FROM account_balances WHERE instance_id = gone.instance_id;
    DELETE FROM log_lines WHERE instance_id = gone.instance_id;
    DELETE FROM log_counts WHERE instance_id = gone.instance_id;
    DELETE FROM instance_accounts WHERE instance_id = gone.instance_id;
    DELETE FROM instance_profiles WHERE instance_id = gone.instance_id;
    DELETE FROM deployments WHERE instance_id = gone.instance_id;
    DELETE FROM instances WHERE instance_id = gone.instance_id;
    -- A bot that was only registered by heartbeats is deleted with its last instance.
    PERFORM FROM bots WHERE bot_id = gone.bot_id FOR UPDATE;
    DELETE FROM bots
    WHERE bot_id = gone.bot_id
        AND (name, strategy_name) = (bot_id, 'unknown')
        AND NOT EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id);
    RETURN 1;
END
$$;
