-- name: listBots :many
-- import: Generated
-- in: stale_seconds int8, after_bot text?, after_instance text?, limit int8, offset int8
-- out: bot_id text, name text, strategy_name text, instance_id text?, runtime_mode text(RuntimeMode)?, exchange text?
-- out: symbol text?, version text?, status text(InstanceStatus)?, last_seen timestamptz?, last_received_at timestamptz?
-- The keys of the page are selected first, then its instances are read. No page of the contract has more than 200 items: with only the
-- limit, which is unknown when a plan is made, the planner expects a tenth of the fleet and plans each page again.
SELECT
    page.bot_id, name, strategy_name, instance_id, runtime_mode, exchange, symbol, version,
    instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) AS status, last_seen, last_received_at
FROM (
    SELECT bots.bot_id, name, strategy_name, instance_id
    FROM bots
    LEFT JOIN instances ON instances.bot_id = bots.bot_id AND retired_at IS NULL
    WHERE bots.bot_id >= coalesce(:after_bot, '')
        AND (bots.bot_id, coalesce(instance_id, '')) > (coalesce(:after_bot, ''), coalesce(:after_instance, ''))
    ORDER BY bots.bot_id, instance_id
    LIMIT 201
    OFFSET :offset
) AS page
LEFT JOIN instance_live USING (instance_id)
ORDER BY page.bot_id, instance_id
LIMIT :limit

-- Rows are counted as they are listed: a bot without an instance is one row.
-- name: countBots :one
-- out: rows int8, bots int8
SELECT
    coalesce(sum(instances), 0)::int8 + (SELECT count(*) FROM bots WHERE NOT has_instance) AS rows,
    coalesce(sum(bots), 0)::int8 AS bots
FROM fleet_counts
