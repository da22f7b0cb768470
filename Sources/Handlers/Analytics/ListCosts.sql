-- name: listCosts :many
-- import: Generated
-- in: instance_id text?, symbol text?, cost_type text(CostType)?, from timestamptz?, to timestamptz?, mode text(RuntimeMode)?
-- in: currency text?, books text?
-- in: after_time timestamptz?, after_ordinal int8?, limit int8, offset int8
-- out: ordinal int8, instance_id text, entry_id text?, symbol text, cost_type text(CostType), amount numeric, currency text?
-- out: fx_rate numeric?, booked_amount numeric, ts timestamptz, received_at timestamptz
SELECT
    ordinal, instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, booked_amount(cost), ts, received_at
FROM cost_entries AS cost
WHERE (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:cost_type IS NULL OR cost_type = :cost_type)
    AND (:from IS NULL OR ts >= :from)
    AND (:to IS NULL OR ts < :to)
    AND (:mode IS NULL OR instance_id IN (SELECT instance_id FROM instance_modes WHERE runtime_mode = :mode))
    AND (:currency IS NULL OR named_currency(booked_currency(cost), :books) = :currency)
    AND (ts, ordinal) < (coalesce(:after_time, 'infinity'), coalesce(:after_ordinal, 9223372036854775807))
ORDER BY ts DESC, ordinal DESC
LIMIT :limit
OFFSET :offset

-- name: countCosts :one
-- import: Generated
-- in: instance_id text?, symbol text?, cost_type text(CostType)?, from timestamptz?, to timestamptz?, mode text(RuntimeMode)?
-- in: currency text?, books text?, most int8
-- out: count int8
SELECT count(*)
FROM (
    SELECT
    FROM cost_entries AS cost
    WHERE (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:symbol IS NULL OR symbol = :symbol)
        AND (:cost_type IS NULL OR cost_type = :cost_type)
        AND (:from IS NULL OR ts >= :from)
        AND (:to IS NULL OR ts < :to)
        AND (:mode IS NULL OR instance_id IN (SELECT instance_id FROM instance_modes WHERE runtime_mode = :mode))
        AND (:currency IS NULL OR named_currency(booked_currency(cost), :books) = :currency)
    LIMIT :most
) AS counted
