-- A retired instance is known and is no part of the fleet: it has no row in instance_live, so lists, checks, commands and sums leave it out.
-- Its next heartbeat inserts that row again, and so brings it back. A deleted instance is retired and waits for the maintenance to remove it.
ALTER TABLE instances
    ADD COLUMN retired_at timestamptz,
    ADD COLUMN retired_by text,
    ADD COLUMN retired_reason text,
    -- Its row of instance_live when it was retired.
    ADD COLUMN last_live jsonb,
    ADD COLUMN deleted_at timestamptz;

CREATE INDEX instances_retired ON instances (retired_at DESC, instance_id DESC) WHERE retired_at IS NOT NULL;
CREATE INDEX instances_deleted ON instances (deleted_at, instance_id) WHERE deleted_at IS NOT NULL;

-- Books, commands and comparisons outlive their instance: they keep its name.
ALTER TABLE cost_entries DROP CONSTRAINT cost_entries_instance_id_fkey;
ALTER TABLE commands DROP CONSTRAINT commands_instance_id_fkey;
ALTER TABLE reconcile_results DROP CONSTRAINT reconcile_results_instance_id_fkey;

-- The mode that what an instance earned counts for, also of retired ones.
CREATE VIEW instance_modes AS
SELECT instance_id, runtime_mode FROM instance_live
UNION ALL
SELECT instance_id, last_live ->> 'runtime_mode' FROM instances WHERE retired_at IS NOT NULL;

-- Instances counts those that are not retired.
ALTER TABLE fleet_counts ADD COLUMN retired int8 NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION registration_room(hourly int8, most int8, OUT room int8, OUT refusal text) LANGUAGE sql VOLATILE AS $$
    SELECT least(in_hour, in_all), CASE WHEN in_all < in_hour THEN 'full' ELSE 'throttled' END
    FROM (
        SELECT
            -- A ten-thousandth covers the rounding of times to microseconds.
            floor(
                (3600 - extract(epoch FROM greatest(restored_at, clock_timestamp()) - clock_timestamp())) * hourly / 3600 + 0.0001
            )::int8 AS in_hour,
            greatest(most - (SELECT coalesce(sum(instances + retired), 0) FROM fleet_counts), 0)::int8 AS in_all
        FROM registration_allowance
    ) AS free
$$;

-- An instance leaves the fleet or is back: counts and sums follow. Whoever registers an instance of the bot meanwhile is waited for.
CREATE FUNCTION note_retirement() RETURNS trigger LANGUAGE plpgsql AS $$
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
    -- Positions without a mode are in no sum.
    PERFORM FROM positions WHERE instance_id = NEW.instance_id ORDER BY symbol FOR NO KEY UPDATE;
    UPDATE positions
    SET runtime_mode = (SELECT live.runtime_mode FROM instance_live AS live WHERE live.instance_id = NEW.instance_id)
    WHERE instance_id = NEW.instance_id;
    -- The next rollup takes the changes of its equity back, or books them again.
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

CREATE TRIGGER instances_retire
    AFTER UPDATE OF retired_at ON instances
    FOR EACH ROW
    WHEN ((OLD.retired_at IS NULL) <> (NEW.retired_at IS NULL))
    EXECUTE FUNCTION note_retirement();
CREATE TRIGGER instances_make_retirement_events
    AFTER UPDATE OF retired_at, deleted_at ON instances
    FOR EACH ROW EXECUTE FUNCTION note_event('instance', 'instance_id', 'bot_id', 'retired_at');

-- A heartbeat of a retired instance brings it back. The trigger runs for rows that are new, which heartbeats of known instances never add.
CREATE FUNCTION note_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.runtime_mode = '' THEN
        -- It repeats the one before it and was on its way when the instance was retired: as if it had come before.
        DELETE FROM instance_live WHERE instance_id = NEW.instance_id;
        RETURN NULL;
    END IF;
    PERFORM FROM instances WHERE instance_id = NEW.instance_id AND retired_at IS NOT NULL;
    IF NOT FOUND THEN RETURN NULL; END IF;
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

CREATE TRIGGER instances_return
    AFTER INSERT ON instance_live
    FOR EACH ROW EXECUTE FUNCTION note_return();

-- The mode of an instance, which cannot change until the transaction ends; null for a retired one. A statement of its own sees the newest.
CREATE FUNCTION held_mode(instance text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    mode text;
BEGIN
    SELECT runtime_mode INTO mode FROM instance_live WHERE instance_id = instance FOR SHARE;
    RETURN mode;
END
$$;

CREATE OR REPLACE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM bots WHERE bot_id IN (OLD.bot_id, NEW.bot_id) ORDER BY bot_id FOR UPDATE;
    UPDATE bots
    SET has_instance = EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id AND retired_at IS NULL)
    WHERE bot_id IN (OLD.bot_id, NEW.bot_id);
    RETURN NULL;
END
$$;

CREATE FUNCTION note_removal() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER bots_are_removed
    AFTER DELETE ON bots
    FOR EACH ROW EXECUTE FUNCTION note_removal();
-- Only retired instances are removed.
CREATE TRIGGER instances_are_removed
    AFTER DELETE ON instances
    FOR EACH ROW EXECUTE FUNCTION note_removal();

-- Retires the instances that have been silent for so long, a hundred at most and none that holds a position; those that it retired.
CREATE FUNCTION retire_silent(silent_for interval) RETURNS SETOF text LANGUAGE sql AS $$
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

-- Removes a part of what deleted instances have left, some 10,000 rows of one of them; how many rows that were, 0 when there is nothing more.
-- Rollups run before it and never beside it.
CREATE FUNCTION remove_instances() RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    part CONSTANT int8 := 10000;
    gone instances;
    series int8[];
    removed int8;
BEGIN
    -- The changes of its equity are taken back first, which the rollups do.
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
        -- Nobody adds a sample any more: samples hold their series' newest one, which is gone then and cannot come back.
        PERFORM FROM metric_series WHERE series_id = ANY (series) ORDER BY series_id FOR UPDATE;
        DELETE FROM metric_latest WHERE series_id = ANY (series);
        DELETE FROM metric_samples WHERE series_id = ANY (series);
        DELETE FROM metric_series WHERE series_id = ANY (series);
        RETURN cardinality(series);
    END IF;
    DELETE FROM heartbeat_presence WHERE instance_id = gone.instance_id;
    DELETE FROM instance_boots WHERE instance_id = gone.instance_id;
    DELETE FROM positions WHERE instance_id = gone.instance_id;
    DELETE FROM instances WHERE instance_id = gone.instance_id;
    -- A bot of which nothing is known but its name goes with its last instance.
    PERFORM FROM bots WHERE bot_id = gone.bot_id FOR UPDATE;
    DELETE FROM bots
    WHERE bot_id = gone.bot_id
        AND (name, strategy_name) = (bot_id, 'unknown')
        AND NOT EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id);
    RETURN 1;
END
$$;

-- Rolls up what is not, of 500 series at most, as far as five minutes are over; how many series that were. Samples that came late make
-- their buckets anew, as long as the others of them are kept. The changes of equity follow; those of an instance whose mode is another now
-- move there with its next sample, and those of a retired one are taken back.
CREATE OR REPLACE FUNCTION roll_metrics() RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-01T00:00:00Z';
    closed CONSTANT timestamptz := date_bin('5 minutes', now(), origin);
    series int8[];
    booked int8[];
    booked_since timestamptz[];
    modes text[];
BEGIN
    -- Whoever is storing samples of these series is waited for; the next statement sees them.
    series := ARRAY (
        SELECT series_id FROM metric_latest WHERE unrolled_from < closed ORDER BY series_id LIMIT 500 FOR NO KEY UPDATE
    );
    SELECT array_agg(series_id), array_agg(CASE WHEN runtime_mode = booked_mode THEN since ELSE '-infinity' END), array_agg(runtime_mode)
    INTO booked, booked_since, modes
    FROM (
        SELECT
            series_id, booked_mode, runtime_mode,
            date_bin('5 minutes', greatest(unrolled_from, samples_from), origin) AS since
        FROM metric_latest
        JOIN metric_series USING (series_id)
        LEFT JOIN instance_live USING (instance_id)
        CROSS JOIN metric_horizon
        WHERE series_id = ANY (series)
            AND metric_type = 'equity'
    ) AS equity;
    PERFORM book_equity(booked, booked_since, -1);
    INSERT INTO metric_5m (series_id, ts, samples, sum, min, max, first, last, last_at)
    SELECT
        series_id, date_bin('5 minutes', sample.ts, origin), count(*), sum(sample.value), min(sample.value), max(sample.value),
        (array_agg(sample.value ORDER BY sample.ts))[1], (array_agg(sample.value ORDER BY sample.ts DESC))[1], max(sample.ts)
    FROM metric_latest
    JOIN metric_samples AS sample USING (series_id)
    CROSS JOIN metric_horizon
    WHERE series_id = ANY (series)
        AND sample.ts >= date_bin('5 minutes', greatest(unrolled_from, samples_from), origin)
        AND sample.ts < closed
    GROUP BY 1, 2
    ON CONFLICT (series_id, ts) DO UPDATE SET
        samples = excluded.samples, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, last_at = excluded.last_at;
    INSERT INTO metric_1h (series_id, ts, samples, sum, min, max, first, last, last_at)
    SELECT
        series_id, date_bin('1 hour', fine.ts, origin), sum(samples), sum(sum), min(min), max(max),
        (array_agg(first ORDER BY fine.ts))[1], (array_agg(last ORDER BY fine.ts DESC))[1], max(last_at)
    FROM metric_latest
    JOIN metric_5m AS fine USING (series_id)
    CROSS JOIN metric_horizon
    WHERE series_id = ANY (series)
        AND fine.ts >= date_bin('1 hour', greatest(unrolled_from, samples_from), origin)
        AND fine.ts < closed
    GROUP BY 1, 2
    ON CONFLICT (series_id, ts) DO UPDATE SET
        samples = excluded.samples, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, last_at = excluded.last_at;
    UPDATE metric_series
    SET booked_mode = runtime_mode
    FROM unnest(booked, modes) AS now_booked (series_id, runtime_mode)
    WHERE metric_series.series_id = now_booked.series_id
        AND booked_mode IS DISTINCT FROM runtime_mode;
    PERFORM book_equity(booked, booked_since, 1);
    UPDATE metric_latest
    SET unrolled_from = CASE WHEN ts >= closed THEN closed END
    WHERE series_id = ANY (series);
    RETURN cardinality(series);
END
$$;
