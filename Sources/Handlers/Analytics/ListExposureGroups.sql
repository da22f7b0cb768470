-- The exposure by a key and its currency, and a row without a rank for each currency.
-- name: exposureGroups :many
-- import: Generated
-- in: group_by text(ExposureGroup), bot_id text?, exchange text?, symbol text?, mode text(RuntimeMode)?, currency text?, books text?
-- in: stale_seconds int8, limit int8
-- out: rank int8?, key text?, currency text, net numeric, gross numeric, positions int8, stale_positions int8
WITH held AS (
    SELECT
        named_currency(positions.currency, :books) AS currency, net_exposure, gross_exposure,
        updated_at < (SELECT lost_before(:stale_seconds)) AS is_stale,
        CASE :group_by
            WHEN 'SYMBOL' THEN positions.symbol
            WHEN 'EXCHANGE' THEN exchanges.name
            WHEN 'BOT' THEN bot_id
            ELSE nullif(named_currency(positions.currency, :books), '')
        END AS key
    FROM positions
    JOIN instance_live AS live USING (instance_id)
    JOIN instances USING (instance_id)
    JOIN exchanges ON exchanges.key = exchange_key(exchange)
    WHERE (:bot_id IS NULL OR bot_id = :bot_id)
        AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
        AND (:symbol IS NULL OR positions.symbol = :symbol)
        AND (:mode IS NULL OR live.runtime_mode = :mode)
        AND (:currency IS NULL OR named_currency(positions.currency, :books) = :currency)
),
line AS (
    SELECT
        GROUPING(key) = 0 AS is_group, key, currency, sum(net_exposure) AS net, sum(gross_exposure) AS gross, count(*) AS positions,
        count(*) FILTER (WHERE is_stale) AS stale_positions
    FROM held
    GROUP BY GROUPING SETS ((key, currency), (currency))
),
ranked AS (
    SELECT line.*, CASE WHEN is_group THEN row_number() OVER (PARTITION BY is_group ORDER BY currency, gross DESC, key) END AS rank
    FROM line
)
SELECT rank, key, currency, trim_scale(net) AS net, trim_scale(gross) AS gross, positions, stale_positions
FROM ranked
WHERE rank IS NULL
    OR rank <= :limit
ORDER BY rank NULLS FIRST, currency
