-- Stores a rate unless a newer one is stored.
-- name: keepFxRate :exec
-- in: quote text, currency text, rate numeric, ts timestamptz, reported_by text
INSERT INTO fx_rates AS known (quote, currency, rate, ts, received_at, reported_by)
VALUES (:quote, :currency, :rate, :ts, now(), :reported_by)
ON CONFLICT (quote, currency) DO UPDATE SET
    rate = excluded.rate,
    ts = excluded.ts,
    received_at = excluded.received_at,
    reported_by = excluded.reported_by
WHERE excluded.ts >= known.ts

-- name: listFxRates :many
-- in: quote text, max_seconds int8
-- out: currency text, rate numeric, ts timestamptz, age int8, is_usable bool, received_at timestamptz, reported_by text
SELECT
    known.currency, known.rate, known.ts, floor(greatest(extract(epoch FROM now() - known.ts), 0))::int8 AS age,
    usable.currency IS NOT NULL AS is_usable, received_at, reported_by
FROM fx_rates AS known
LEFT JOIN usable_rates(:quote, :max_seconds) AS usable USING (currency)
WHERE quote = :quote
ORDER BY known.currency
