-- The equity of the whole fleet.

-- Adds (factor 1) or subtracts (factor -1) what the rollups of series changed the equity by, for each series from its own time on, under
-- the mode that the series is booked under.
CREATE OR REPLACE FUNCTION book_equity(of_series int8[], since timestamptz[], factor int4) RETURNS void LANGUAGE sql AS $$
    WITH wanted AS MATERIALIZED (
        SELECT
            series_id, wanted.since, symbol, currency, booked_mode, fine_from,
            coalesce(
                (SELECT last FROM metric_5m WHERE metric_5m.series_id = series.series_id AND ts < wanted.since ORDER BY ts DESC LIMIT 1),
                (
                    SELECT last
                    FROM metric_1h
                    WHERE metric_1h.series_id = series.series_id
                        AND ts < date_bin('1 hour', wanted.since, '2000-01-01T00:00:00Z')
                    ORDER BY ts DESC
                    LIMIT 1
                ),
                0
            ) AS before
        FROM unnest(of_series, since) AS wanted (series_id, since)
        JOIN metric_series AS series USING (series_id)
        CROSS JOIN metric_horizon
        WHERE booked_mode IS NOT NULL
    ),
    rolled AS (
        SELECT wanted.*, ts, samples, last, last_at
        FROM wanted
        JOIN metric_5m USING (series_id)
        WHERE ts >= since
            AND ts >= fine_from
        UNION ALL
        SELECT wanted.*, ts, samples, last, last_at
        FROM wanted
        JOIN metric_1h USING (series_id)
        WHERE ts >= since
            AND ts < fine_from
    ),
    changed AS (
        SELECT *, last - coalesce(lag(last) OVER (PARTITION BY series_id ORDER BY ts), before) AS change
        FROM rolled
    )
    INSERT INTO equity_changes AS known (symbol, currency, ts, runtime_mode, change, samples, last_at)
    SELECT coalesce(symbol, ''), currency, ts, booked_mode, factor * sum(change), factor * sum(samples)::int8, max(last_at)
    FROM changed
    GROUP BY GROUPING SETS ((symbol, currency, ts, booked_mode), (currency, ts, booked_mode))
    ON CONFLICT (symbol, currency, ts, runtime_mode) DO UPDATE SET
        change = known.change + excluded.change,
        samples = known.samples + excluded.samples,
        last_at = greatest(known.last_at, excluded.last_at)
$$;

-- Adds (factor 1) or subtracts (factor -1) what the equity changed by in these buckets. The bucket after each is included, because its
-- change starts where the changed bucket ends.
CREATE OR REPLACE FUNCTION book_buckets(of_series int8[], buckets timestamptz[], factor int4) RETURNS void LANGUAGE sql AS $$
    WITH touched AS MATERIALIZED (
        SELECT series_id, symbol, currency, booked_mode, ts
        FROM unnest(of_series, buckets) AS touched (series_id, ts)
        JOIN metric_series USING (series_id)
        WHERE metric_type = 'equity'
            AND booked_mode IS NOT NULL
    ),
    affected AS (
        SELECT series_id, symbol, currency, booked_mode, ts FROM touched
        UNION
        SELECT series_id, symbol, currency, booked_mode, next.ts
        FROM touched
        CROSS JOIN LATERAL (
            SELECT fine.ts
            FROM metric_5m AS fine
            WHERE fine.series_id = touched.series_id
                AND fine.ts > touched.ts
            ORDER BY fine.ts
            LIMIT 1
        ) AS next
    ),
    changed AS (
        SELECT
            symbol, currency, booked_mode, ts, samples, last_at,
            last - coalesce(
                (
                    SELECT before.last
                    FROM metric_5m AS before
                    WHERE before.series_id = affected.series_id
                        AND before.ts < affected.ts
                    ORDER BY before.ts DESC
                    LIMIT 1
                ),
                (
                    SELECT before.last
                    FROM metric_1h AS before
                    WHERE before.series_id = affected.series_id
                        AND before.ts < date_bin('1 hour', affected.ts, '2000-01-01T00:00:00Z')
                    ORDER BY before.ts DESC
                    LIMIT 1
                ),
                0
            ) AS change
        FROM affected
        JOIN metric_5m USING (series_id, ts)
    )
    INSERT INTO equity_changes AS known (symbol, currency, ts, runtime_mode, change, samples, last_at)
    SELECT coalesce(symbol, ''), currency, ts, booked_mode, factor * sum(change), factor * sum(samples)::int8, max(last_at)
    FROM changed
    GROUP BY GROUPING SETS ((symbol, currency, ts, booked_mode), (currency, ts, booked_mode))
    ON CONFLICT (symbol, currency, ts, runtime_mode) DO UPDATE SET
        change = known.change + excluded.change,
        samples = known.samples + excluded.samples,
        last_at = greatest(known.last_at, excluded.last_at)
$$;

-- Moves the equity of up to `most` series to the current mode of their instance, or subtracts it if the instance is retired. Stops after
-- 250 ms. Returns the number of series left.
CREATE OR REPLACE FUNCTION rebook_equity(most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    start CONSTANT timestamptz := clock_timestamp();
    one int8;
BEGIN
    FOR one IN SELECT series_id FROM misbooked_series ORDER BY series_id LIMIT most LOOP
        PERFORM book_equity(ARRAY [one], ARRAY ['-infinity'::timestamptz], -1);
        UPDATE metric_series AS series
        SET booked_mode = (SELECT runtime_mode FROM instance_live AS live WHERE live.instance_id = series.instance_id)
        WHERE series_id = one;
        PERFORM book_equity(ARRAY [one], ARRAY ['-infinity'::timestamptz], 1);
        DELETE FROM misbooked_series WHERE series_id = one;
        EXIT WHEN clock_timestamp() > start + interval '250 ms';
    END LOOP;
    RETURN (SELECT count(*) FROM misbooked_series);
END
$$;

-- Notes the fleet's equity of this minute, once, by mode and currency, and deletes rows older than 400 days.
CREATE OR REPLACE FUNCTION note_equity() RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    minute CONSTANT timestamptz := date_trunc('minute', now(), 'UTC');
BEGIN
    IF EXISTS (SELECT FROM fleet_equity WHERE ts = minute) THEN RETURN false; END IF;
    INSERT INTO fleet_equity (ts, runtime_mode, currency, equity, instances)
    SELECT minute, live.runtime_mode, series.currency, sum(newest.value), count(DISTINCT series.instance_id)
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    JOIN instance_live AS live USING (instance_id)
    WHERE series.metric_type = 'equity'
    GROUP BY live.runtime_mode, series.currency
    ON CONFLICT DO NOTHING;
    DELETE FROM fleet_equity WHERE ts < minute - interval '400 days';
    RETURN true;
END
$$;

-- The equity of all instances in one currency: at each time the sum of the newest value of every series, and the highest sum so far. Up to
-- 20,000 samples each have a point; beyond that the last of each five minutes that are rolled up, and the newest. Other currencies are only
-- listed, because past rates are not kept. There is one row even without samples, because it contains the currency.
CREATE OR REPLACE FUNCTION equity_history(of_symbol text, of_mode text, of_currency text, books text)
RETURNS TABLE (
    currency text, other_currencies text[], resolution text, ts timestamptz, samples int8, equity numeric, peak numeric
)
LANGUAGE sql STABLE AS $$
    WITH series AS MATERIALIZED (
        SELECT series.series_id, named_currency(series.currency, books) AS currency
        FROM metric_series AS series
        JOIN metric_latest USING (series_id)
        JOIN instance_live AS live USING (instance_id)
        WHERE series.metric_type = 'equity'
            AND (of_symbol IS NULL OR series.symbol = of_symbol)
            AND (of_mode IS NULL OR live.runtime_mode = of_mode)
    ),
    known AS MATERIALIZED (
        SELECT array_agg(DISTINCT series.currency) AS currencies FROM series
    ),
    chosen AS MATERIALIZED (
        SELECT coalesce(of_currency, total_currency(known.currencies, books)) AS currency FROM known
    ),
    rolled AS MATERIALIZED (
        SELECT max(change.last_at) AS ts, sum(change.samples)::int8 AS samples, sum(sum(change.change)) OVER (ORDER BY change.ts) AS equity
        FROM equity_changes AS change
        WHERE change.symbol = coalesce(of_symbol, '')
            AND change.currency = ANY (
                SELECT unnest(CASE WHEN chosen.currency = books THEN ARRAY['', books] ELSE ARRAY[chosen.currency] END)
                FROM chosen
            )
            AND (of_mode IS NULL OR change.runtime_mode = of_mode)
        GROUP BY change.ts
    ),
    selection AS MATERIALIZED (
        SELECT coalesce(sum(rolled.samples), 0) > 20000 AS is_large, max(rolled.ts) AS rolled_to FROM rolled
    ),
    -- A sample changes the sum by its difference to the one before.
    sample AS (
        SELECT history.ts, value - coalesce(lag(value) OVER (PARTITION BY series_id ORDER BY history.ts), 0) AS change
        FROM metric_history AS history
        JOIN series USING (series_id)
        JOIN chosen USING (currency)
        WHERE NOT (SELECT is_large FROM selection)
    ),
    total AS (
        SELECT sample.ts, count(*) AS samples, sum(sum(change)) OVER (ORDER BY sample.ts) AS equity
        FROM sample
        GROUP BY sample.ts
        UNION ALL
        SELECT rolled.ts, rolled.samples, rolled.equity
        FROM rolled
        WHERE rolled.samples > 0
            AND (SELECT is_large FROM selection)
        UNION ALL
        SELECT max(newest.ts), 0, sum(newest.value)
        FROM series
        JOIN chosen USING (currency)
        JOIN metric_latest AS newest USING (series_id)
        WHERE (SELECT is_large FROM selection)
        HAVING max(newest.ts) > (SELECT rolled_to FROM selection)
    )
    SELECT
        chosen.currency,
        ARRAY (SELECT other FROM unnest(known.currencies) AS other WHERE other IS DISTINCT FROM chosen.currency ORDER BY other),
        CASE WHEN selection.is_large THEN 'FIVE_MINUTES' ELSE 'EVERY_SAMPLE' END,
        total.ts, total.samples, total.equity, max(total.equity) OVER (ORDER BY total.ts)
    FROM chosen
    CROSS JOIN known
    CROSS JOIN selection
    LEFT JOIN total ON true
$$;

-- The equity of all instances, as `equity_history` without conversion. Used by servers of release 1.2 and earlier.
CREATE OR REPLACE FUNCTION equity_points(of_symbol text, of_mode text, of_currency text)
RETURNS TABLE (currency text, ts timestamptz, samples int8, equity numeric, peak numeric)
LANGUAGE sql STABLE AS $$
    WITH series AS MATERIALIZED (
        SELECT series.series_id, series.currency
        FROM metric_series AS series
        JOIN instance_live AS live USING (instance_id)
        WHERE series.metric_type = 'equity'
            AND (of_symbol IS NULL OR series.symbol = of_symbol)
            AND (of_mode IS NULL OR live.runtime_mode = of_mode)
    ),
    meant AS MATERIALIZED (
        SELECT coalesce(of_currency, (SELECT main_currency(array_agg(series.currency)) FROM series)) AS currency
    ),
    rolled AS MATERIALIZED (
        SELECT max(known.last_at) AS ts, sum(known.samples)::int8 AS samples, sum(sum(known.change)) OVER (ORDER BY known.ts) AS equity
        FROM equity_changes AS known
        JOIN meant USING (currency)
        WHERE known.symbol = coalesce(of_symbol, '')
            AND (of_mode IS NULL OR known.runtime_mode = of_mode)
        GROUP BY known.ts
    ),
    selection AS MATERIALIZED (
        SELECT coalesce(sum(rolled.samples), 0) > 20000 AS is_large, max(rolled.ts) AS rolled_to FROM rolled
    ),
    -- A sample changes the sum by its difference to the one before.
    sample AS (
        SELECT history.ts, value - coalesce(lag(value) OVER (PARTITION BY series_id ORDER BY history.ts), 0) AS change
        FROM metric_history AS history
        JOIN series USING (series_id)
        JOIN meant USING (currency)
        WHERE NOT (SELECT is_large FROM selection)
    ),
    total AS (
        SELECT sample.ts, count(*) AS samples, sum(sum(change)) OVER (ORDER BY sample.ts) AS equity
        FROM sample
        GROUP BY sample.ts
        UNION ALL
        SELECT rolled.ts, rolled.samples, rolled.equity
        FROM rolled
        WHERE rolled.samples > 0
            AND (SELECT is_large FROM selection)
        UNION ALL
        SELECT max(newest.ts), 0, sum(newest.value)
        FROM series
        JOIN meant USING (currency)
        JOIN metric_latest AS newest USING (series_id)
        WHERE (SELECT is_large FROM selection)
        HAVING max(newest.ts) > (SELECT rolled_to FROM selection)
    )
    SELECT meant.currency, total.ts, total.samples, total.equity, max(total.equity) OVER (ORDER BY total.ts)
    FROM meant
    LEFT JOIN total ON true
$$;
