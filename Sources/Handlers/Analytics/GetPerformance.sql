-- The performance of the fleet: a row for each currency, and one without a currency that is converted and summed. An amount without a rate
-- makes its sum null.
-- name: fleetPerformance :many
-- import: Generated
-- in: mode text(RuntimeMode)?, books text?, rate_seconds int8
-- out: as_of timestamptz?, total_currency text?, currency text?, rate numeric?, rate_at timestamptz?, rate_age int8?
-- out: equity numeric?, net_pnl_today numeric?, net_pnl_week numeric?, drawdown_day float8?
WITH part AS MATERIALIZED (
    SELECT
        named_currency(currency, :books) AS currency,
        sum(equity) AS equity,
        sum(net_today) AS today,
        sum(net - net_week) AS week
    FROM performance
    JOIN instance_live USING (instance_id)
    WHERE :mode IS NULL OR runtime_mode = :mode
    GROUP BY 1
),
noted AS (
    SELECT named_currency(currency, :books) AS currency, sum(equity) AS equity
    FROM fleet_equity
    WHERE ts > now() - interval '24 hours'
        AND (:mode IS NULL OR runtime_mode = :mode)
    GROUP BY ts, 1
),
highest AS (
    SELECT currency, max(equity) AS high FROM noted GROUP BY currency
),
total AS (
    SELECT total_currency(array_agg(currency), :books) AS currency FROM part
),
valued AS (
    SELECT
        part.*, total.currency AS total_currency, CASE WHEN part.currency = total.currency THEN 1 ELSE known.rate END AS rate,
        known.ts AS rate_at, known.age_seconds AS rate_age, greatest(high, equity) AS high
    FROM part
    CROSS JOIN total
    LEFT JOIN highest ON highest.currency = part.currency
    LEFT JOIN usable_rates(:books, :rate_seconds) AS known ON known.currency = part.currency
),
line AS (
    SELECT
        total_currency, currency, rate, rate_at, rate_age, equity, today, week,
        CASE WHEN high > 0 THEN (high - equity) / high END AS drawdown
    FROM valued
    UNION ALL
    SELECT
        min(total_currency), NULL, NULL, NULL, NULL,
        nullif(sum(in_books(equity, rate)) FILTER (WHERE equity IS NOT NULL), 'NaN'),
        nullif(sum(in_books(today, rate)) FILTER (WHERE today IS NOT NULL), 'NaN'),
        nullif(sum(in_books(week, rate)) FILTER (WHERE week IS NOT NULL), 'NaN'),
        NULL
    FROM valued
)
SELECT
    (SELECT nullif(noted_at, '-infinity') FROM performance_horizon) AS as_of,
    total_currency, currency, rate, rate_at, rate_age, equity, today AS net_pnl_today, week AS net_pnl_week,
    drawdown::float8 AS drawdown_day
FROM line
ORDER BY currency
