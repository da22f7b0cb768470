-- The exposure, all of one moment: a row for each symbol and currency, one for each mode and currency, one for each currency with the rate that
-- converts it, and the total of all converted amounts, which is null without a rate. Only the positions of silent instances are read one by
-- one.
-- name: exposure :many
-- import: Generated
-- in: mode text(RuntimeMode)?, books text?, rate_seconds int8, stale_seconds int8
-- out: generated_at timestamptz, symbol text?, runtime_mode text(RuntimeMode)?, currency text?, total_currency text?, rate numeric?
-- out: rate_at timestamptz?, rate_age int8?, net numeric?, gross numeric?, positions int8, stale_net numeric?
-- out: stale_gross numeric?, stale_positions int8
WITH held AS (
    SELECT
        symbol, named_currency(currency, :books) AS currency, runtime_mode, net, gross, positions, 0 AS stale_net, 0 AS stale_gross,
        0 AS stale_positions
    FROM exposure_totals
    WHERE :mode IS NULL OR runtime_mode = :mode
    UNION ALL
    SELECT
        position.symbol, named_currency(position.currency, :books), position.runtime_mode, 0, 0, 0, position.net_exposure,
        position.gross_exposure, 1
    FROM instance_live AS live
    JOIN positions AS position USING (instance_id)
    WHERE live.last_seen < (SELECT lost_before(:stale_seconds))
        AND (:mode IS NULL OR position.runtime_mode = :mode)
),
part AS MATERIALIZED (
    SELECT
        symbol, currency, runtime_mode, sum(net) AS net, sum(gross) AS gross, sum(positions) AS positions, sum(stale_net) AS stale_net,
        sum(stale_gross) AS stale_gross, sum(stale_positions) AS stale_positions
    FROM held
    GROUP BY symbol, currency, runtime_mode
    HAVING sum(positions) > 0
),
line AS (
    SELECT
        symbol, runtime_mode, currency, sum(net) AS net, sum(gross) AS gross, sum(positions) AS positions, sum(stale_net) AS stale_net,
        sum(stale_gross) AS stale_gross, sum(stale_positions) AS stale_positions
    FROM part
    GROUP BY GROUPING SETS ((symbol, currency), (runtime_mode, currency), (currency))
),
-- A currency whose amounts are 0 does not count if there are others.
total AS (
    SELECT coalesce(
        total_currency(array_agg(currency) FILTER (WHERE gross <> 0), :books), total_currency(array_agg(currency), :books)
    ) AS currency
    FROM part
),
valued AS (
    SELECT
        line.*, total.currency AS total_currency, CASE WHEN line.currency = total.currency THEN 1 ELSE known.rate END AS rate,
        known.ts AS rate_at, known.age_seconds AS rate_age
    FROM line
    CROSS JOIN total
    LEFT JOIN usable_rates(:books, :rate_seconds) AS known ON known.currency = line.currency
)
SELECT
    now() AS generated_at, symbol, runtime_mode, currency, total_currency, rate, rate_at, rate_age, trim_scale(net) AS net,
    trim_scale(gross) AS gross, positions::int8 AS positions, trim_scale(stale_net) AS stale_net,
    trim_scale(stale_gross) AS stale_gross, stale_positions::int8 AS stale_positions
FROM valued
UNION ALL
SELECT
    now(), NULL, NULL, NULL, (SELECT currency FROM total), NULL, NULL, NULL,
    nullif(coalesce(sum(in_books(net, rate)), 0), 'NaN'),
    nullif(coalesce(sum(in_books(gross, rate)), 0), 'NaN'),
    coalesce(sum(positions), 0)::int8,
    nullif(coalesce(sum(in_books(stale_net, rate)), 0), 'NaN'),
    nullif(coalesce(sum(in_books(stale_gross, rate)), 0), 'NaN'),
    coalesce(sum(stale_positions), 0)::int8
FROM valued
WHERE symbol IS NULL
    AND runtime_mode IS NULL
ORDER BY symbol, runtime_mode, currency

-- The newest equity of each instance and symbol, summed by currency, with the rate that converts it. The total is their sum in the books'
-- currency, null if a rate is missing.
-- name: latestEquity :many
-- import: Generated
-- in: mode text(RuntimeMode)?, books text?, rate_seconds int8
-- out: total_currency text?, currency text, rate numeric?, rate_at timestamptz?, rate_age int8?, equity numeric, total numeric?
WITH part AS MATERIALIZED (
    SELECT named_currency(currency, :books) AS currency, sum(latest.value) AS equity
    FROM metric_series AS series
    JOIN metric_latest AS latest USING (series_id)
    WHERE series.metric_type = 'equity'
        AND EXISTS (
            SELECT
            FROM instance_live AS live
            WHERE live.instance_id = series.instance_id
                AND (:mode IS NULL OR live.runtime_mode = :mode)
        )
    GROUP BY 1
),
-- A currency whose amounts are 0 does not count if there are others.
total AS (
    SELECT coalesce(
        total_currency(array_agg(currency) FILTER (WHERE equity <> 0), :books), total_currency(array_agg(currency), :books)
    ) AS currency
    FROM part
),
valued AS (
    SELECT
        part.*, total.currency AS total_currency, CASE WHEN part.currency = total.currency THEN 1 ELSE known.rate END AS rate,
        known.ts AS rate_at, known.age_seconds AS rate_age
    FROM part
    CROSS JOIN total
    LEFT JOIN usable_rates(:books, :rate_seconds) AS known ON known.currency = part.currency
)
SELECT total_currency, currency, rate, rate_at, rate_age, equity, nullif(sum(in_books(equity, rate)) OVER (), 'NaN') AS total
FROM valued
ORDER BY currency
