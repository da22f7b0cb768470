-- What the equity of all instances together changed by in each five minutes, by mode, symbol and currency, as far as samples are rolled up: the
-- curve of a large fleet is made of these and not of every sample. An empty symbol stands for all of them. What is older than the rollups of
-- five minutes is kept by the hour.
CREATE TABLE equity_changes (
    symbol text NOT NULL,
    currency text NOT NULL,
    ts timestamptz NOT NULL,
    runtime_mode text NOT NULL,
    change numeric NOT NULL,
    samples int8 NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (symbol, currency, ts, runtime_mode)
) WITH (fillfactor = 80);

-- The mode of the instance under which the changes of a series are booked; null until they are.
ALTER TABLE metric_series ADD COLUMN booked_mode text;

-- Books (1) or takes back (-1) what the rollups of series changed, each series from a time of its own on, under the mode that it has.
CREATE FUNCTION book_equity(of_series int8[], since timestamptz[], factor int4) RETURNS void LANGUAGE sql AS $$
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

UPDATE metric_series AS series
SET booked_mode = runtime_mode
FROM instance_live AS live
WHERE live.instance_id = series.instance_id
    AND metric_type = 'equity';
SELECT book_equity(array_agg(series_id), array_agg('-infinity'::timestamptz), 1)
FROM metric_series
WHERE booked_mode IS NOT NULL;

-- Rolls up what is not, of 500 series at most, as far as five minutes are over; how many series that were. Samples that came late make
-- their buckets anew, as long as the others of them are kept. The changes of equity follow; those of an instance whose mode is another now
-- move there with its next sample.
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
        JOIN instance_live USING (instance_id)
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

-- Makes and drops the partitions of metrics, and notes from when on there is what. Days are whole, so that a bucket is kept or is not.
CREATE OR REPLACE FUNCTION arrange_metrics(samples_kept interval, fine_kept interval, coarse_kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day CONSTANT timestamptz := date_trunc('day', now(), 'UTC');
BEGIN
    -- First the horizon, then what lies before it: whoever reads finds each sample once.
    UPDATE metric_horizon
    SET samples_from = day - samples_kept,
        fine_from = day - fine_kept
    WHERE (samples_from, fine_from) IS DISTINCT FROM (day - samples_kept, day - fine_kept);
    IF FOUND THEN
        -- Changes add up to the equity only all together, so none is dropped.
        WITH old AS (
            DELETE FROM equity_changes
            WHERE ts < day - coarse_kept
                OR (ts < day - fine_kept AND ts <> date_bin('1 hour', ts, day))
            RETURNING *
        )
        INSERT INTO equity_changes AS known (symbol, currency, ts, runtime_mode, change, samples, last_at)
        SELECT
            symbol, currency, greatest(date_bin('1 hour', ts, day), day - coarse_kept), runtime_mode,
            sum(change), sum(samples), max(last_at)
        FROM old
        GROUP BY 1, 2, 3, 4
        ON CONFLICT (symbol, currency, ts, runtime_mode) DO UPDATE SET
            change = known.change + excluded.change,
            samples = known.samples + excluded.samples,
            last_at = greatest(known.last_at, excluded.last_at);
    END IF;
    PERFORM arrange_partitions('metric_samples', '1 day', 7, samples_kept);
    -- Samples that came when their day was gone already; they are few.
    DELETE FROM metric_samples_rest WHERE ts < day - coarse_kept;
    PERFORM arrange_partitions('metric_5m', '7 days', 2, fine_kept);
    PERFORM arrange_partitions('metric_1h', '91 days', 2, coarse_kept);
END
$$;

-- The equity of all instances together, at each time the newest value of every series, summed, and the highest sum so far. Of 20,000 samples
-- at most each has a point; of more the last of each five minutes that are rolled up, and what is newest. One row even where there is
-- nothing, so that the currency is told.
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
