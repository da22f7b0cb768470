-- The number of rows whose time is further ahead of the clock than allowed, of one instance or of all.
-- name: countAhead :one
-- in: instance_id text?, ahead_seconds int8
-- out: now timestamptz, positions int8, metric_series int8, metric_samples int8, costs int8, execution_samples int8, comparisons int8
-- out: fx_rates int8
WITH clock AS MATERIALIZED (
    SELECT now() + :ahead_seconds::int8 * interval '1 second' AS latest
),
series AS MATERIALIZED (
    SELECT series_id
    FROM metric_latest
    JOIN metric_series USING (series_id)
    WHERE ts > (SELECT latest FROM clock)
        AND (:instance_id IS NULL OR instance_id = :instance_id)
)
SELECT
    now(),
    (SELECT count(*) FROM positions WHERE updated_at > latest AND (:instance_id IS NULL OR instance_id = :instance_id)) AS positions,
    (SELECT count(*) FROM series) AS metric_series,
    (SELECT count(*) FROM series JOIN metric_samples USING (series_id) WHERE ts > latest) AS metric_samples,
    (SELECT count(*) FROM cost_entries WHERE ts > latest AND (:instance_id IS NULL OR instance_id = :instance_id)) AS costs,
    (SELECT count(*) FROM execution_samples WHERE ts > latest AND (:instance_id IS NULL OR instance_id = :instance_id)) AS execution_samples,
    (SELECT count(*) FROM reconcile_results WHERE ts > latest AND (:instance_id IS NULL OR instance_id = :instance_id)) AS comparisons,
    (SELECT count(*) FROM fx_rates WHERE ts > latest AND :instance_id IS NULL) AS fx_rates
FROM clock

-- Sets the time of positions that are ahead to their time of arrival, so that the next report replaces them.
-- name: repairPositions :one
-- in: instance_id text?, ahead_seconds int8, limit int8
-- out: repaired int8
WITH held AS MATERIALIZED (
    SELECT instance_id, symbol
    FROM positions
    WHERE updated_at > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY instance_id, symbol
    LIMIT :limit
    FOR NO KEY UPDATE
),
repaired AS (
    UPDATE positions
    SET updated_at = least(received_at, now())
    FROM held
    WHERE (positions.instance_id, positions.symbol) = (held.instance_id, held.symbol)
    RETURNING 1
)
SELECT count(*) AS repaired
FROM repaired

-- Removes samples that are ahead, because their time of arrival is not known. Their series are locked first, in the same way as by
-- statements that store samples.
-- name: removeSamplesAhead :one
-- in: instance_id text?, ahead_seconds int8, limit int8
-- out: removed int8
WITH held AS MATERIALIZED (
    SELECT series_id
    FROM metric_latest AS latest
    JOIN metric_series USING (series_id)
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY series_id
    LIMIT :limit
    FOR NO KEY UPDATE OF latest
),
ahead AS MATERIALIZED (
    SELECT series_id, ts
    FROM held
    JOIN metric_samples USING (series_id)
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
    LIMIT :limit
),
removed AS (
    DELETE FROM metric_samples AS sample
    USING ahead
    WHERE (sample.series_id, sample.ts) = (ahead.series_id, ahead.ts)
    RETURNING 1
)
SELECT count(*) AS removed
FROM removed

-- Updates series whose newest sample was ahead: the newest remaining sample takes its place, if there is one.
-- name: repairLatest :one
-- in: instance_id text?, ahead_seconds int8, limit int8
-- out: repaired int8
WITH held AS MATERIALIZED (
    SELECT series_id
    FROM metric_latest AS latest
    JOIN metric_series USING (series_id)
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY series_id
    LIMIT :limit
    FOR NO KEY UPDATE OF latest
),
newest AS MATERIALIZED (
    SELECT held.series_id, sample.ts, sample.value
    FROM held
    LEFT JOIN LATERAL (
        SELECT ts, value
        FROM metric_history AS history
        WHERE history.series_id = held.series_id
        ORDER BY ts DESC
        LIMIT 1
    ) AS sample ON true
),
repaired AS (
    UPDATE metric_latest AS latest
    SET ts = newest.ts,
        value = newest.value,
        unrolled_from = CASE WHEN unrolled_from <= newest.ts THEN unrolled_from END
    FROM newest
    WHERE latest.series_id = newest.series_id
        AND newest.ts IS NOT NULL
),
forgotten AS (
    DELETE FROM metric_latest AS latest
    USING newest
    WHERE latest.series_id = newest.series_id
        AND newest.ts IS NULL
),
-- Nothing is booked for a series without samples.
unbooked AS (
    UPDATE metric_series AS series
    SET booked_mode = NULL
    FROM newest
    WHERE series.series_id = newest.series_id
        AND newest.ts IS NULL
        AND booked_mode IS NOT NULL
)
SELECT count(*) AS repaired
FROM newest

-- Locks the sums of costs until the transaction ends.
-- name: holdCostSums :one
-- out: is_held bool
SELECT true AS is_held
FROM sum_horizons
WHERE name = 'costs'
FOR UPDATE

-- Sets the time of entries that are ahead to their time of arrival. Amounts, ids and sums are unchanged.
-- name: repairCosts :one
-- in: instance_id text?, ahead_seconds int8, limit int8
-- out: repaired int8
WITH held AS MATERIALIZED (
    SELECT ordinal
    FROM cost_entries
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY ordinal
    LIMIT :limit
    FOR NO KEY UPDATE
),
repaired AS (
    UPDATE cost_entries AS cost
    SET ts = least(received_at, now())
    FROM held
    WHERE cost.ordinal = held.ordinal
    RETURNING 1
)
SELECT count(*) AS repaired
FROM repaired

-- Updates the last times of sums from the entries.
-- name: repairCostSums :exec
-- in: instance_id text?, ahead_seconds int8, limit int8
UPDATE cost_balances AS balance
SET last_at = (
    SELECT coalesce(max(ts), now())
    FROM cost_entries AS cost
    WHERE (cost.instance_id, cost.symbol, cost.cost_type) = (balance.instance_id, balance.symbol, balance.cost_type)
        AND booked_currency(cost) = balance.currency
)
WHERE (instance_id, symbol, cost_type, currency) IN (
    SELECT instance_id, symbol, cost_type, currency
    FROM cost_balances
    WHERE last_at > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    LIMIT :limit
)

-- Sets the time of samples that are ahead to their time of arrival. Samples with the same id are distinguished by their times, so they get
-- times that are microseconds apart.
-- name: repairExecutionSamples :one
-- in: instance_id text?, ahead_seconds int8, limit int8
-- out: repaired int8
WITH held AS MATERIALIZED (
    SELECT ordinal, ts, instance_id, sample_id, least(received_at, now()) AS came_at
    FROM execution_samples
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY ordinal
    LIMIT :limit
    FOR UPDATE
),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY instance_id, sample_id, came_at ORDER BY ordinal) - 1 AS place
    FROM held
),
repaired AS (
    UPDATE execution_samples AS sample
    SET ts = came_at - place * interval '1 microsecond'
    FROM placed
    WHERE (sample.ordinal, sample.ts) = (placed.ordinal, placed.ts)
    RETURNING 1
)
SELECT count(*) AS repaired
FROM repaired

-- Sets the time of comparisons that are ahead to their time of arrival.
-- name: repairComparisons :one
-- in: instance_id text?, ahead_seconds int8, limit int8
-- out: repaired int8
WITH held AS MATERIALIZED (
    SELECT reconcile_id
    FROM reconcile_results
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
        AND (:instance_id IS NULL OR instance_id = :instance_id)
    ORDER BY reconcile_id
    LIMIT :limit
    FOR NO KEY UPDATE
),
repaired AS (
    UPDATE reconcile_results AS result
    SET ts = least(received_at, now())
    FROM held
    WHERE result.reconcile_id = held.reconcile_id
    RETURNING 1
)
SELECT count(*) AS repaired
FROM repaired

-- Sets the time of rates that are ahead to their time of arrival. Rates belong to no instance.
-- name: repairFxRates :one
-- in: instance_id text?, ahead_seconds int8
-- out: repaired int8
WITH repaired AS (
    UPDATE fx_rates
    SET ts = least(received_at, now())
    WHERE ts > now() + :ahead_seconds::int8 * interval '1 second'
        AND :instance_id IS NULL
    RETURNING 1
)
SELECT count(*) AS repaired
FROM repaired
