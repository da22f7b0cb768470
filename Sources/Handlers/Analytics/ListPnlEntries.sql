-- name: listPnlEntries :many
-- import: Generated
-- in: day text, kind text(PnlKind), mode text(RuntimeMode)?, currency text?, instance_id text?, books text?, limit int8, offset int8
-- out: instance_id text, bot_id text?, runtime_mode text(RuntimeMode), symbol text, currency text, amount numeric, ts timestamptz
-- out: value numeric, previous numeric?, fx_rate numeric?, ordinal int8?, entry_id text?
SELECT instance_id, bot_id, runtime_mode, symbol, currency, amount, ts, value, previous, fx_rate, ordinal, entry_id
FROM pnl_entries(:day::text::date, :kind, :mode, :currency, :instance_id, :books)
ORDER BY instance_id, symbol, ts, ordinal
LIMIT :limit
OFFSET :offset

-- One row for each currency, and one without a currency if nothing has changed.
-- name: sumPnlEntries :many
-- import: Generated
-- in: day text, kind text(PnlKind), mode text(RuntimeMode)?, currency text?, instance_id text?, books text?, most int8
-- out: as_of timestamptz?, counted int8, currency text?, amount numeric?, entries_amount numeric?
WITH entry AS MATERIALIZED (
    SELECT currency, amount
    FROM pnl_entries(:day::text::date, :kind, :mode, :currency, :instance_id, :books)
    LIMIT :most
),
counted AS (
    SELECT count(*) AS entries FROM entry
),
noted AS (
    SELECT named_currency(currency, :books) AS currency, sum(amount) AS amount
    FROM pnl_changes_of(:day::text::date, :kind, :mode, :currency, :instance_id, :books)
    GROUP BY 1
)
SELECT
    nullif(noted_at, '-infinity') AS as_of,
    entries AS counted,
    noted.currency,
    noted.amount,
    CASE
        WHEN entries < :most::int8 THEN coalesce((SELECT sum(entry.amount) FROM entry WHERE entry.currency = noted.currency), 0)
    END AS entries_amount
FROM performance_horizon
CROSS JOIN counted
LEFT JOIN noted ON true
ORDER BY noted.currency
