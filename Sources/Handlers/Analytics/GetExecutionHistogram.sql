-- The newest samples of a range in buckets: the row of the range (measure 0, with the number and the oldest time of the samples that were
-- read, before the filters of instances), then for each measure a row with its statistics (no bucket) and a row for each bucket. Measure 1 is
-- the slippage, 2 the latency, and 3 the fill ratio, which has no buckets. Rows without a rank are those of all groups together.
-- name: executionHistogram :many
-- import: Generated
-- in: group_by text(ExecutionGroup), bot_id text?, instance_id text?, exchange text?, symbol text?, mode text(RuntimeMode)?
-- in: from timestamptz, to timestamptz, slippage_bounds text[], latency_bounds text[], most int8, most_groups int8
-- out: rank int8?, key text?, measure int8, bucket int8?, samples int8, groups int8, oldest timestamptz?, mean float8?, p50 float8?
-- out: p95 float8?, p99 float8?
WITH newest AS MATERIALIZED (
    SELECT
        instance_id, symbol, slippage_bps::float8 AS slippage_bps, latency_ms::float8 AS latency_ms, fill_ratio::float8 AS fill_ratio, ts
    FROM execution_samples
    WHERE ts >= :from
        AND ts < :to
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
    ORDER BY ts DESC, ordinal DESC
    LIMIT :most
),
known AS MATERIALIZED (
    SELECT
        instance_id, bot_id, coalesce(exchange, last_live ->> 'exchange') AS exchange,
        coalesce(runtime_mode, last_live ->> 'runtime_mode') AS runtime_mode
    FROM instances
    LEFT JOIN instance_live USING (instance_id)
    WHERE deleted_at IS NULL
),
selected AS MATERIALIZED (
    SELECT
        CASE :group_by
            WHEN 'EXCHANGE' THEN coalesce(exchanges.name, exchange)
            WHEN 'BOT' THEN bot_id
            ELSE symbol
        END AS key,
        slippage_bps, latency_ms, fill_ratio
    FROM newest
    LEFT JOIN known USING (instance_id)
    LEFT JOIN exchanges ON exchanges.key = exchange_key(exchange)
    WHERE (:bot_id IS NULL OR bot_id = :bot_id)
        AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
        AND (:mode IS NULL OR runtime_mode = :mode)
),
-- A slot is never null, so groups are joined by a hash.
part AS (
    SELECT
        key, coalesce('=' || key, '') AS slot, row_number() OVER (ORDER BY count(*) DESC, key) AS rank
    FROM selected
    GROUP BY key
),
measured AS MATERIALIZED (
    SELECT
        CASE WHEN rank <= :most_groups THEN rank END AS rank, measure, value,
        CASE measure
            WHEN 1 THEN width_bucket(value, :slippage_bounds::float8[])
            WHEN 2 THEN width_bucket(value, :latency_bounds::float8[])
        END AS bucket
    FROM selected
    JOIN part ON part.slot = coalesce('=' || selected.key, '')
    CROSS JOIN LATERAL (VALUES (1, slippage_bps), (2, latency_ms), (3, fill_ratio)) AS measure_of (measure, value)
),
counted AS (
    SELECT GROUPING(rank) = 0 AS is_group, rank, measure, bucket, count(*) AS samples
    FROM measured
    WHERE bucket IS NOT NULL
    GROUP BY GROUPING SETS ((rank, measure, bucket), (measure, bucket))
),
described AS (
    SELECT
        GROUPING(rank) = 0 AS is_group, rank, measure, count(*) AS samples, avg(value) AS mean,
        percentile_disc(ARRAY [0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY value) AS ranks
    FROM measured
    GROUP BY GROUPING SETS ((rank, measure), (measure))
)
SELECT
    NULL::int8 AS rank, NULL AS key, 0::int8 AS measure, NULL::int8 AS bucket, count(*) AS samples,
    (SELECT count(*) FROM part) AS groups, min(ts) AS oldest, NULL::float8 AS mean, NULL::float8 AS p50, NULL::float8 AS p95,
    NULL::float8 AS p99
FROM newest
UNION ALL
SELECT
    line.rank, part.key, measure::int8, bucket::int8, samples, 0, NULL, mean, ranks[1], ranks[2], ranks[3]
FROM (
    SELECT is_group, rank, measure, NULL AS bucket, samples, mean, ranks FROM described
    UNION ALL
    SELECT is_group, rank, measure, bucket, samples, NULL, NULL FROM counted
) AS line
LEFT JOIN part ON part.rank = line.rank
-- Groups beyond the maximum count only in the rows of all groups.
WHERE NOT is_group
    OR line.rank IS NOT NULL
ORDER BY rank NULLS FIRST, measure, bucket NULLS FIRST
