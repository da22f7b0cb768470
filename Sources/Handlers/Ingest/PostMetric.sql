-- The identity and timeline of the database, and the highest series number that it has assigned. A restore and a failover start a new
-- timeline (PostgreSQL manual, 26.3.5 "Timelines"), which the names of WAL files begin with.
-- name: seriesHistory :one
-- out: history text, newest int8
SELECT
    -- A standby has no identity here, because it accepts no samples.
    CASE WHEN pg_is_in_recovery() THEN '' ELSE database_identity() || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS history,
    coalesce(pg_sequence_last_value(pg_get_serial_sequence('metric_series', 'series_id')::regclass), 0) AS newest

-- Finds series by their keys, and adds new ones; 0 for an unknown instance, -1 for one that has reached its limit.
-- name: resolveSeries :batch
-- row: instance_id text, metric_type text, symbol text, currency text, most int8
-- out: ordinal int8, series_id int8
WITH wanted AS MATERIALIZED (
    SELECT *
    FROM unnest(:instance_id, :metric_type, :symbol, :currency, :most)
        WITH ORDINALITY AS wanted (instance_id, metric_type, symbol, currency, most, ordinal)
),
fresh AS MATERIALIZED (
    SELECT instance_id, metric_type, symbol, currency, min(ordinal) AS ordinal, max(most) AS most
    FROM wanted
    JOIN instances USING (instance_id)
    WHERE deleted_at IS NULL
        AND NOT EXISTS (
            SELECT
            FROM metric_series AS known
            WHERE (known.instance_id, known.metric_type, known.symbol, known.currency)
                = (wanted.instance_id, wanted.metric_type, wanted.symbol, wanted.currency)
        )
    GROUP BY instance_id, metric_type, symbol, currency
),
-- Servers that add series to the same instance take turns, so that together they do not exceed the limit.
held AS MATERIALIZED (
    SELECT instance_id
    FROM instances
    WHERE instance_id IN (SELECT instance_id FROM fresh)
    ORDER BY instance_id
    FOR NO KEY UPDATE
),
admitted AS (
    SELECT instance_id, metric_type, symbol, currency
    FROM (SELECT *, row_number() OVER (PARTITION BY instance_id ORDER BY ordinal) AS place FROM fresh) AS numbered
    JOIN (SELECT instance_id, series_room(instance_id, (SELECT max(most) FROM fresh)) AS room FROM held) AS free USING (instance_id)
    WHERE place <= room
),
-- Another server may add the series at the same moment. The update changes nothing; it makes the row's number visible here.
new_series AS (
    INSERT INTO metric_series (instance_id, metric_type, symbol, currency)
    SELECT instance_id, metric_type, symbol, currency
    FROM admitted
    ORDER BY instance_id, metric_type, symbol, currency
    ON CONFLICT (instance_id, metric_type, symbol, currency) DO UPDATE SET symbol = excluded.symbol
    RETURNING series_id, instance_id, metric_type, symbol, currency
)
SELECT wanted.ordinal, coalesce(known.series_id, new_series.series_id, CASE WHEN fresh.instance_id IS NULL THEN 0 ELSE -1 END) AS series_id
FROM wanted
LEFT JOIN metric_series AS known USING (instance_id, metric_type, symbol, currency)
LEFT JOIN new_series USING (instance_id, metric_type, symbol, currency)
LEFT JOIN fresh USING (instance_id, metric_type, symbol, currency)

-- Stores samples; a later report for the same series and time replaces the value. A sample that is ahead of the clock is not stored.
-- name: recordSamples :batch
-- row: series_id int8, ts timestamptz, value numeric, ahead_seconds int8
-- out: ordinal int8, is_ahead bool
WITH report AS MATERIALIZED (
    SELECT *, ts > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead
    FROM unnest(:series_id, :ts, :value, :ahead_seconds) WITH ORDINALITY AS report (series_id, ts, value, ahead_seconds, ordinal)
),
sample AS MATERIALIZED (
    SELECT DISTINCT ON (series_id, ts) series_id, ts, value
    FROM report
    WHERE NOT is_ahead
    ORDER BY series_id, ts, ordinal DESC
),
-- The series are locked first, in the order of their keys: batches of other servers wait here and cannot deadlock.
known AS MATERIALIZED (
    SELECT series_id, ts
    FROM metric_latest
    WHERE series_id IN (SELECT series_id FROM sample)
    ORDER BY series_id
    FOR NO KEY UPDATE
),
classified AS MATERIALIZED (
    SELECT
        sample.series_id, sample.ts, value, sample.ts > known.ts AS is_newer,
        sample.ts < bucket_of(statement_timestamp()) AS is_late
    FROM sample
    LEFT JOIN known USING (series_id)
),
latest AS (
    INSERT INTO metric_latest AS latest (series_id, ts, value, unrolled_from)
    SELECT DISTINCT ON (series_id) series_id, ts, value, min(ts) FILTER (WHERE NOT is_late) OVER (PARTITION BY series_id)
    FROM classified
    ORDER BY series_id, ts DESC
    ON CONFLICT (series_id) DO UPDATE SET
        ts = greatest(latest.ts, excluded.ts),
        value = CASE WHEN excluded.ts >= latest.ts THEN excluded.value ELSE latest.value END,
        unrolled_from = least(latest.unrolled_from, excluded.unrolled_from)
),
-- Five-minute rollups that are already closed are computed again.
touched AS (
    INSERT INTO touched_buckets (series_id, since, until)
    SELECT DISTINCT series_id, bucket_of(ts), bucket_of(ts) + interval '5 minutes'
    FROM classified
    WHERE is_late
),
-- A sample newer than the newest one cannot exist yet, so it is not looked up.
newer AS (
    INSERT INTO metric_samples (series_id, ts, value) SELECT series_id, ts, value FROM classified WHERE is_newer
),
older AS (
    INSERT INTO metric_samples (series_id, ts, value)
    SELECT series_id, ts, value
    FROM classified
    WHERE is_newer IS NOT TRUE
    ORDER BY series_id, ts
    ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value
)
SELECT ordinal, is_ahead
FROM report
