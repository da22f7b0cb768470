-- type: BotRow
-- in: limit int8
-- out: bot_id uuid

-- type: BotRow
-- out: bot_id uuid

-- type: bot_row
-- out: bot_id uuid

-- type: EmptyRow

-- type: NestedRow
-- out: bot BotRow, BotRow

-- type: ReservedRow
-- out: row text

-- type: StatementRow
-- out: bot_id uuid
SELECT bot_id FROM bots

-- name: unknown :one
-- out: BotRwo
SELECT 1

-- name: unnamed :one
-- out: BotRow, is_new bool
SELECT bot_id, true AS is_new FROM bots

-- name: nullable :one
-- out: bot BotRow?
SELECT bot_id FROM bots

-- name: rows :batch
-- row: bot_id uuid
-- out: ordinal int8, bot BotRow
SELECT ordinal, bot_id FROM unnest(:bot_id) WITH ORDINALITY AS row (bot_id, ordinal)
