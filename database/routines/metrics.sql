-- Rollups of metric samples, and their retention.

-- The start of the five minutes that contain a time.
CREATE OR REPLACE FUNCTION bucket_of(ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT date_bin('5 minutes', ts, '2000-01-01T00:00:00Z')
$$;

-- Queues the closed buckets of up to `most` series for their rollup and returns the number of series. Series whose samples are being stored
-- at the moment are skipped.
CREATE OR REPLACE FUNCTION touch_closed_buckets(most int8) RETURNS int8 LANGUAGE plpgsql AS $$
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

-- Rolls up to `most` queued rows, at most an hour of each, and returns the number of rows. Samples are read after their row is deleted: a
-- later sample queues its bucket again. No lock on a series is held, so ingest does not wait.
CREATE OR REPLACE FUNCTION roll_buckets(most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-01T00:00:00Z';
    taken int8[];
    -- The buckets to roll up, and the series of each.
    series int8[];
    buckets timestamptz[];
BEGIN
    WITH removed AS (
        DELETE FROM touched_buckets
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM touched_buckets LIMIT most))
        RETURNING series_id, since, until
    ),
    -- A range longer than an hour begins with its first sample.
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
    INSERT INTO late_days
    SELECT DISTINCT instance_id, (bucket.ts AT TIME ZONE 'UTC')::date AS day
    FROM unnest(series, buckets) AS bucket (series_id, ts)
    JOIN metric_series USING (series_id)
    WHERE metric_type IN ('realized_pnl', 'unrealized_pnl')
        AND bucket.ts < date_trunc('day', now(), 'UTC') - interval '1 day'
    ORDER BY instance_id, day
    ON CONFLICT DO NOTHING;
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

-- Used by servers of release 1.2 and earlier, which call it until it returns less than 500.
CREATE OR REPLACE FUNCTION roll_metrics() RETURNS int8 LANGUAGE sql AS $$
    SELECT least(500, greatest(touch_closed_buckets(500), roll_buckets(1000) / 2, rebook_equity(500)))
$$;

-- Creates and drops the partitions of metrics and notes where each resolution begins. Retention is in whole days, so a bucket is kept or
-- dropped as a whole. The horizons only move forward: a longer retention does not bring dropped samples back.
CREATE OR REPLACE FUNCTION arrange_metrics(samples_kept interval, fine_kept interval, coarse_kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day CONSTANT timestamptz := date_trunc('day', now(), 'UTC');
BEGIN
    -- The horizon moves before partitions are dropped, so each reader finds each sample once.
    UPDATE metric_horizon
    SET samples_from = greatest(samples_from, day - samples_kept),
        fine_from = greatest(fine_from, day - fine_kept)
    WHERE samples_from < day - samples_kept
        OR fine_from < day - fine_kept;
    IF FOUND THEN
        -- The equity is the sum of all changes, so old ones are merged instead of deleted.
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
    -- The few samples that arrived after the partition of their day was dropped.
    DELETE FROM metric_samples_rest WHERE ts < day - coarse_kept;
    PERFORM arrange_partitions('metric_5m', '7 days', 2, fine_kept);
    PERFORM arrange_partitions('metric_1h', '91 days', 2, coarse_kept);
END
$$;
