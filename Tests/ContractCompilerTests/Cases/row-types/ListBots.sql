-- name: listBots :many
-- out: BotRow
SELECT bot_id, mode, seen
FROM bots

-- The new value, and the old one if there was one.
-- name: storeBot :one
-- in: bot_id uuid
-- out: is_new bool, bot BotRow, version int8
INSERT INTO bots (bot_id)
VALUES (:bot_id)
RETURNING true AS is_new, bot_id, mode, seen, version
