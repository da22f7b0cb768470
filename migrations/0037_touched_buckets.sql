-- Rollups work on touched buckets: on the five minutes of which samples came, and on nothing between a late sample and now. They hold no
-- series while they read samples, so that ingest waits for none of it.
--
-- Whoever stores a sample of five minutes that are over adds a row here in the same transaction. Rows are only added and deleted, so nobody
-- waits, and the same buckets may be here twice.
CREATE TABLE touched_buckets (
    series_id int8 NOT NULL,
    -- The starts of the first bucket and of the one behind the last.
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CHECK (since < until)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX touched_buckets_by_series ON touched_buckets (series_id);

-- Series of equity whose changes are not booked under their instance's mode.
CREATE TABLE misbooked_series (
    series_id int8 PRIMARY KEY
);

-- The start of the five minutes that a time lies in.
CREATE FUNCTION bucket_of(ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT date_bin('5 minutes', ts, '2000-01-01T00:00:00Z')
$$;

-- Notes which buckets of series are over and not rolled up, of so many series at most; how many series that were. A series whose samples are
-- being stored at this moment is left for the next time.
CREATE FUNCTION touch_closed_buckets(most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    closed CONSTANT timestamptz := bucket_of(now());
    touched int8;
BEGIN
    WITH chosen AS MATERIALIZED (
        SELECT series_id, unrolled_from
        FROM metric_latest
        WHERE unrolled_from < closed
        ORDER BY series_id
        LIMIT most
        FOR NO KEY UPDATE SKIP LOCKED
    ),
    moved AS (
        UPDATE metric_latest
        SET unrolled_from = CASE WHEN ts >= closed THEN closed END
        FROM chosen
        WHERE metric_latest.series_id = chosen.series_id
    ),
    noted AS (
        INSERT INTO touched_buckets
        SELECT series_id, bucket_of(greatest(unrolled_from, samples_from)), closed
        FROM chosen
        CROSS JOIN metric_horizon
        WHERE greatest(unrolled_from, samples_from) < closed
    )
    SELECT count(*) INTO touched FROM chosen;
    RETURN touched;
END
$$;

-- Books (1) or takes back (-1) what the equity changed by in some buckets, and in the one behind each, whose change begins where the bucket
-- ends.
CREATE FUNCTION book_buckets(of_series int8[], buckets timestamptz[], factor int4) RETURNS void LANGUAGE sql AS $$
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

-- Rolls up touched buckets: so many rows of the table at most, and an hour of each; how many rows that were. The samples of a bucket are
-- read after its row was deleted: a sample that comes later has a row of its own.
CREATE FUNCTION roll_buckets(most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-01T00:00:00Z';
    taken int8[];
    -- The buckets that are made anew, and the series of each.
    series int8[];
    buckets timestamptz[];
BEGIN
    WITH removed AS (
        DELETE FROM touched_buckets
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM touched_buckets LIMIT most))
        RETURNING series_id, since, until
    ),
    -- What is longer than an hour begins with its first sample.
    part AS MATERIALIZED (
        SELECT
            series_id,
            CASE
                WHEN until <= since + interval '1 hour' THEN since
                ELSE (
                    SELECT bucket_of(sample.ts)
                    FROM metric_samples AS sample
                    WHERE sample.series_id = removed.series_id
                        AND sample.ts >= since
                        AND sample.ts < until
                    ORDER BY sample.ts
                    LIMIT 1
                )
            END AS since,
            until
        FROM removed
    ),
    later AS (
        INSERT INTO touched_buckets
        SELECT series_id, since + interval '1 hour', until
        FROM part
        WHERE until > since + interval '1 hour'
    ),
    bucket AS (
        SELECT DISTINCT series_id, ts
        FROM part
        CROSS JOIN LATERAL generate_series(since, least(until, since + interval '1 hour') - interval '5 minutes', interval '5 minutes') AS ts
        CROSS JOIN metric_horizon
        WHERE ts >= samples_from
    )
    SELECT (SELECT array_agg(series_id) FROM removed), array_agg(series_id), array_agg(ts) INTO taken, series, buckets FROM bucket;
    PERFORM book_buckets(series, buckets, -1);
    INSERT INTO metric_5m (series_id, ts, samples, sum, min, max, first, last, last_at)
    SELECT
        series_id, bucket.ts, count(*), sum(sample.value), min(sample.value), max(sample.value),
        (array_agg(sample.value ORDER BY sample.ts))[1], (array_agg(sample.value ORDER BY sample.ts DESC))[1], max(sample.ts)
    FROM unnest(series, buckets) AS bucket (series_id, ts)
    JOIN metric_samples AS sample USING (series_id)
    WHERE sample.ts >= bucket.ts
        AND sample.ts < bucket.ts + interval '5 minutes'
    GROUP BY series_id, bucket.ts
    ON CONFLICT (series_id, ts) DO UPDATE SET
        samples = excluded.samples, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, last_at = excluded.last_at;
    INSERT INTO metric_1h (series_id, ts, samples, sum, min, max, first, last, last_at)
    SELECT
        series_id, hour.ts, sum(samples), sum(sum), min(min), max(max),
        (array_agg(first ORDER BY fine.ts))[1], (array_agg(last ORDER BY fine.ts DESC))[1], max(last_at)
    FROM (
        SELECT DISTINCT series_id, date_bin('1 hour', bucket.ts, origin) AS ts
        FROM unnest(series, buckets) AS bucket (series_id, ts)
    ) AS hour
    JOIN metric_5m AS fine USING (series_id)
    WHERE fine.ts >= hour.ts
        AND fine.ts < hour.ts + interval '1 hour'
    GROUP BY series_id, hour.ts
    ON CONFLICT (series_id, ts) DO UPDATE SET
        samples = excluded.samples, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, last_at = excluded.last_at;
    PERFORM book_buckets(series, buckets, 1);
    INSERT INTO misbooked_series
    SELECT DISTINCT series_id
    FROM unnest(taken) AS rolled (series_id)
    JOIN metric_series USING (series_id)
    LEFT JOIN instance_live USING (instance_id)
    WHERE metric_type = 'equity'
        AND booked_mode IS DISTINCT FROM runtime_mode
    ON CONFLICT DO NOTHING;
    RETURN coalesce(cardinality(taken), 0);
END
$$;

-- Books the equity of series under the mode that their instance has now, or takes it back where the instance is retired: of so many series
-- at most, and for a quarter of a second; how many are left.
CREATE FUNCTION rebook_equity(most int8) RETURNS int8 LANGUAGE plpgsql AS $$
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

-- What servers of earlier releases call, again and again until it answers fewer than 500.
CREATE OR REPLACE FUNCTION roll_metrics() RETURNS int8 LANGUAGE sql AS $$
    SELECT least(500, greatest(touch_closed_buckets(500), roll_buckets(1000) / 2, rebook_equity(500)))
$$;
