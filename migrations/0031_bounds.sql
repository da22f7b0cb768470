-- Bounds on what anonymous requests can add.

-- How many instances may still register: a leaky bucket that holds the registrations of an hour, shared by all servers.
CREATE TABLE registration_allowance (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    -- When the whole allowance is available again (the theoretical arrival time of a leaky bucket).
    restored_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO registration_allowance DEFAULT VALUES;

-- How many instances may register now, and which bound stops the next one.
CREATE FUNCTION registration_room(hourly int8, most int8, OUT room int8, OUT refusal text) LANGUAGE sql VOLATILE AS $$
    SELECT least(in_hour, in_all), CASE WHEN in_all < in_hour THEN 'full' ELSE 'throttled' END
    FROM (
        SELECT
            -- A ten-thousandth covers the rounding of times to microseconds.
            floor(
                (3600 - extract(epoch FROM greatest(restored_at, clock_timestamp()) - clock_timestamp())) * hourly / 3600 + 0.0001
            )::int8 AS in_hour,
            greatest(most - (SELECT coalesce(sum(instances), 0) FROM fleet_counts), 0)::int8 AS in_all
        FROM registration_allowance
    ) AS free
$$;

-- Admits as many of so many registrations as the bounds allow. While there is no room nothing is locked, and an alert is written once a
-- minute at most, so that a flood costs a look.
CREATE FUNCTION admit_registrations(wanted int8, hourly int8, most int8, OUT admitted int8, OUT refusal text) LANGUAGE plpgsql AS $$
DECLARE
    free record;
BEGIN
    free := registration_room(hourly, most);
    IF free.room > 0 THEN
        -- Concurrent registrations wait here for each other; the next look sees what they added.
        PERFORM FROM registration_allowance FOR UPDATE;
        free := registration_room(hourly, most);
    END IF;
    admitted := greatest(least(wanted, free.room), 0);
    refusal := free.refusal;
    IF admitted > 0 THEN
        UPDATE registration_allowance
        SET restored_at = greatest(restored_at, clock_timestamp()) + make_interval(secs => 3600.0 * admitted / hourly);
    END IF;
    IF admitted < wanted AND NOT EXISTS (
        SELECT
        FROM alerts
        WHERE (source, target_type, target_id) = ('registrations', 'fleet', 'instances')
            AND status <> 'RESOLVED'
            AND last_at > clock_timestamp() - interval '1 minute'
    ) THEN
        INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
        VALUES (
            'registrations', 'WARNING', 'fleet', 'instances',
            CASE refusal
                WHEN 'full' THEN format('New instances are refused: the fleet has its maximum of %s instances', most)
                ELSE format('New instances are refused: more than %s registered within an hour', hourly)
            END,
            jsonb_build_object('refusal', refusal, 'per_hour', hourly, 'instances', most)
        )
        ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO UPDATE SET
            message = excluded.message,
            metadata = excluded.metadata,
            occurrences = alert.occurrences + 1,
            last_at = excluded.last_at
        WHERE alert.last_at < excluded.last_at - interval '1 minute';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION alert_title(source text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE source
        WHEN 'heartbeat_monitor' THEN 'Heartbeat Lost'
        WHEN 'module_runs' THEN 'Module Run Stuck'
        WHEN 'reconcile' THEN 'Reconciliation Mismatch'
        WHEN 'clock_skew' THEN 'Clock Skew'
        WHEN 'flapping' THEN 'Instance Flapping'
        WHEN 'registrations' THEN 'Registrations Refused'
        ELSE initcap(replace(source, '_', ' '))
    END
$$;

-- How many more series an instance may have. The caller holds the instance's row; a statement of its own sees what the last holder added.
CREATE FUNCTION series_room(instance text, most int8) RETURNS int8 LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN most - (SELECT count(*) FROM metric_series WHERE instance_id = instance);
END
$$;

-- How many more symbols an instance may have positions of, of so many that it reports now. Positions that are closed make room for new
-- ones, those first that were reported longest ago. The caller holds the instance's row.
CREATE FUNCTION position_room(instance text, wanted int8, most int8) RETURNS int8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    room int8 := most - (SELECT count(*) FROM positions WHERE instance_id = instance);
    removed int8 := 0;
BEGIN
    IF room < wanted THEN
        DELETE FROM positions
        WHERE instance_id = instance
            AND symbol IN (
                SELECT symbol
                FROM positions
                WHERE instance_id = instance
                    AND net_exposure = 0
                    AND gross_exposure = 0
                ORDER BY updated_at, symbol
                LIMIT wanted - greatest(room, 0)
                FOR UPDATE SKIP LOCKED
            );
        GET DIAGNOSTICS removed = ROW_COUNT;
    END IF;
    RETURN room + removed;
END
$$;

-- The newest processes of an instance are remembered, a hundred at most: the last one holds it, and one before it must not come back.
CREATE INDEX instance_boots_newest ON instance_boots (instance_id, ordinal DESC);

CREATE FUNCTION forget_boots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM instance_boots
    WHERE instance_id = NEW.instance_id
        AND ordinal <= (
            SELECT ordinal FROM instance_boots WHERE instance_id = NEW.instance_id ORDER BY ordinal DESC OFFSET 100 LIMIT 1
        );
    RETURN NULL;
END
$$;

CREATE TRIGGER instances_boot
    AFTER INSERT ON instance_boots
    FOR EACH ROW EXECUTE FUNCTION forget_boots();

-- Rows without positions add nothing, and symbols come from clients.
CREATE OR REPLACE FUNCTION gather_exposure() RETURNS void LANGUAGE sql AS $$
    WITH left_over AS (
        DELETE FROM exposure_totals
        WHERE (symbol, runtime_mode, slot) IN (
            SELECT symbol, runtime_mode, slot
            FROM exposure_totals
            WHERE slot <> 0
                AND slot NOT IN (SELECT pid FROM pg_stat_activity)
            FOR UPDATE SKIP LOCKED
        )
        RETURNING symbol, runtime_mode, net, gross, positions
    )
    INSERT INTO exposure_totals AS total
    SELECT symbol, runtime_mode, 0, sum(net), sum(gross), sum(positions)
    FROM left_over
    GROUP BY symbol, runtime_mode
    ON CONFLICT (symbol, runtime_mode, slot) DO UPDATE SET
        net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions;
    DELETE FROM exposure_totals
    WHERE (symbol, runtime_mode, slot) IN (
        SELECT symbol, runtime_mode, slot
        FROM exposure_totals
        WHERE (net, gross, positions) = (0, 0, 0)
        FOR UPDATE SKIP LOCKED
    )
        AND (net, gross, positions) = (0, 0, 0)
$$;
