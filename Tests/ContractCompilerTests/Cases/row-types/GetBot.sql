-- A bot.
-- type: BotRow
-- import: Generated
-- out: bot_id uuid, mode text(RuntimeMode)
-- out: seen timestamptz?

-- name: getBot :optional
-- in: bot_id uuid
-- out: BotRow
SELECT bot_id, mode, seen
FROM bots
WHERE bot_id = :bot_id

-- Counts bots.
-- name: countBots :one
-- out: count int8
SELECT count(*)
FROM bots
