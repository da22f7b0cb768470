-- name: listBalances :many
-- in: instance_id text, limit int8
-- out: venue text, account_id text, currency text, total numeric, free numeric?, ts timestamptz
SELECT venue, account_id, currency, total, free, ts
FROM account_balances
CROSS JOIN LATERAL jsonb_to_recordset(balances) AS balance (currency text, total numeric, free numeric)
WHERE instance_id = :instance_id
ORDER BY venue, account_id, currency
LIMIT :limit
