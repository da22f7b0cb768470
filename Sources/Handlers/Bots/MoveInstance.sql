-- Moves an instance to another bot, which is created if necessary. Returns the previous bot, or no row for an unknown instance.
-- name: moveInstance :optional
-- in: instance_id text, bot_id text
-- out: bot_id text
WITH bot AS (
    INSERT INTO bots (bot_id, name, strategy_name)
    SELECT :bot_id, :bot_id, 'unknown'
    WHERE EXISTS (SELECT FROM instances WHERE instance_id = :instance_id)
    ON CONFLICT (bot_id) DO NOTHING
),
former AS (
    SELECT instance_id, bot_id
    FROM instances
    WHERE instance_id = :instance_id
    FOR UPDATE
)
UPDATE instances
SET bot_id = :bot_id
FROM former
WHERE instances.instance_id = former.instance_id
RETURNING former.bot_id
