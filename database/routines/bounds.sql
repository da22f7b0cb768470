-- Bounds on what anonymous requests can add.

-- How many instances may register now, and the bound that stops the next one: 'throttled' (registrations per hour) or 'full' (instances in
-- total).
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

-- Admits up to `wanted` registrations, as far as the bounds allow. While there is no room it locks nothing and updates the alert at most
-- once a minute, so a flood of registrations costs only reads.
CREATE OR REPLACE FUNCTION admit_registrations(wanted int8, hourly int8, most int8, OUT admitted int8, OUT refusal text) LANGUAGE plpgsql AS $$
DECLARE
    free record;
BEGIN
    free := registration_room(hourly, most);
    IF free.room > 0 THEN
        -- Concurrent registrations wait here for each other. The next statement sees what they added.
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

-- How many more series an instance may have. The caller holds the instance's row. The count is a separate statement, so it includes rows
-- that committed while the caller waited for that row.
CREATE OR REPLACE FUNCTION series_room(instance text, most int8) RETURNS int8 LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN most - (SELECT count(*) FROM metric_series WHERE instance_id = instance);
END
$$;

-- How many of `wanted` new symbols an instance may have positions of. Closed positions, least recently updated first, are deleted to make
-- room. The caller holds the instance's row.
CREATE OR REPLACE FUNCTION position_room(instance text, wanted int8, most int8) RETURNS int8 LANGUAGE plpgsql VOLATILE AS $$
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

-- Keeps the newest 100 processes of an instance. The last one holds the instance, and an earlier one must not take it back.
CREATE OR REPLACE FUNCTION forget_boots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM instance_boots
    WHERE instance_id = NEW.instance_id
        AND ordinal <= (
            SELECT ordinal FROM instance_boots WHERE instance_id = NEW.instance_id ORDER BY ordinal DESC OFFSET 100 LIMIT 1
        );
    RETURN NULL;
END
$$;
