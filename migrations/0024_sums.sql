-- Running sums of what only grows. A row remembers the transaction that wrote it; sums cover all transactions below a horizon, and whoever
-- reads adds the rows from there on, so that an answer is exact at any moment and costs the same however long the history is.
--
-- A dump that is restored elsewhere may find lower transaction numbers there. So a new row takes the horizon for its number where that is
-- higher, and the next summing up takes in everything and begins anew.
CREATE TABLE sum_horizons (
    name text PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT '0'
);
INSERT INTO sum_horizons (name) VALUES ('costs'), ('executions');

ALTER TABLE cost_entries ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX cost_entries_by_xid ON cost_entries (xid);

-- What was booked, by what it was booked as: the currency is the one that counts.
CREATE TABLE cost_balances (
    instance_id text NOT NULL,
    symbol text NOT NULL,
    cost_type text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    entries int8 NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, symbol, cost_type, currency)
) WITH (fillfactor = 80);
CREATE INDEX cost_balances_by_symbol ON cost_balances (symbol);

-- The balances with what is not in them yet. A range of transactions is taken for a small part of the table, which it is.
CREATE VIEW cost_sums AS
SELECT instance_id, symbol, cost_type, currency, amount, entries, last_at FROM cost_balances
UNION ALL
SELECT instance_id, symbol, cost_type, booked_currency(cost), booked_amount(cost), 1, ts
FROM cost_entries AS cost
WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'costs')
    AND xid < '18446744073709551615';

CREATE FUNCTION sum_costs() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known xid8;
    complete CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
    is_restored bool;
BEGIN
    SELECT xid, xid > complete INTO known, is_restored FROM sum_horizons WHERE name = 'costs' FOR UPDATE;
    IF is_restored THEN LOCK TABLE cost_entries IN SHARE ROW EXCLUSIVE MODE; END IF;
    INSERT INTO cost_balances AS balance
    SELECT instance_id, symbol, cost_type, booked_currency(cost), sum(booked_amount(cost)), count(*), max(ts)
    FROM cost_entries AS cost
    WHERE xid >= known
        AND (xid < complete OR is_restored)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (instance_id, symbol, cost_type, currency) DO UPDATE SET
        amount = balance.amount + excluded.amount,
        entries = balance.entries + excluded.entries,
        last_at = greatest(balance.last_at, excluded.last_at);
    IF is_restored THEN UPDATE cost_entries SET xid = '0' WHERE xid >= complete; END IF;
    UPDATE sum_horizons SET xid = complete WHERE name = 'costs' AND xid <> complete;
END
$$;

-- Samples of executions lie in partitions; their sums stay when they go. An id is unique among the samples of its time: a report that is
-- repeated has both.
ALTER TABLE execution_samples RENAME TO old_executions;
CREATE SEQUENCE execution_ordinals;
CREATE TABLE execution_samples (
    ordinal int8 NOT NULL DEFAULT nextval('execution_ordinals'),
    instance_id text NOT NULL,
    symbol text NOT NULL,
    slippage_bps numeric NOT NULL CHECK (slippage_bps NOT IN ('NaN', 'Infinity', '-Infinity')),
    latency_ms numeric NOT NULL CHECK (latency_ms >= 0 AND latency_ms NOT IN ('NaN', 'Infinity')),
    fill_ratio numeric NOT NULL CHECK (fill_ratio BETWEEN 0 AND 1),
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sample_id text,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (instance_id, sample_id, ts)
) PARTITION BY RANGE (ts);
CREATE TABLE execution_samples_rest PARTITION OF execution_samples DEFAULT;
CREATE INDEX ON execution_samples (ts DESC, ordinal DESC);
CREATE INDEX ON execution_samples (symbol, ts DESC, ordinal DESC);
CREATE INDEX ON execution_samples (instance_id, ts DESC, ordinal DESC);
CREATE INDEX ON execution_samples (xid);
SELECT arrange_partitions('execution_samples', '1 day', 7, '30 days');
INSERT INTO execution_samples
SELECT ordinal, instance_id, symbol, slippage_bps, latency_ms, fill_ratio, ts, received_at, sample_id FROM old_executions;
SELECT setval('execution_ordinals', coalesce(max(ordinal), 0) + 1, false) FROM execution_samples;
DROP TABLE old_executions;

CREATE TABLE execution_totals (
    symbol text PRIMARY KEY,
    samples int8 NOT NULL,
    slippage numeric NOT NULL,
    latency numeric NOT NULL,
    fill numeric NOT NULL
) WITH (fillfactor = 80);

-- How often each value came, to three digits: what percentiles are read from. Measure 1 is the slippage, 2 the latency; an empty symbol
-- stands for all of them.
CREATE TABLE execution_values (
    symbol text NOT NULL,
    measure int2 NOT NULL,
    value float8 NOT NULL,
    samples int8 NOT NULL,
    PRIMARY KEY (symbol, measure, value)
) WITH (fillfactor = 80);

-- A number to its first three digits.
CREATE FUNCTION three_digits(value numeric) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value = 0 THEN 0 ELSE round(value, 2 - floor(log(abs(value)::float8))::int4) END::float8
$$;

CREATE FUNCTION sum_executions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known xid8;
    complete CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
    is_restored bool;
BEGIN
    SELECT xid, xid > complete INTO known, is_restored FROM sum_horizons WHERE name = 'executions' FOR UPDATE;
    IF is_restored THEN LOCK TABLE execution_samples IN SHARE ROW EXCLUSIVE MODE; END IF;
    INSERT INTO execution_totals AS total
    SELECT symbol, count(*), sum(slippage_bps), sum(latency_ms), sum(fill_ratio)
    FROM execution_samples
    WHERE xid >= known
        AND (xid < complete OR is_restored)
    GROUP BY symbol
    ON CONFLICT (symbol) DO UPDATE SET
        samples = total.samples + excluded.samples,
        slippage = total.slippage + excluded.slippage,
        latency = total.latency + excluded.latency,
        fill = total.fill + excluded.fill;
    INSERT INTO execution_values AS known_value
    SELECT coalesce(symbol, ''), measure, three_digits(value), count(*)
    FROM execution_samples
    CROSS JOIN LATERAL (VALUES (1::int2, slippage_bps), (2::int2, latency_ms)) AS measured (measure, value)
    WHERE xid >= known
        AND (xid < complete OR is_restored)
    GROUP BY GROUPING SETS ((symbol, measure, three_digits(value)), (measure, three_digits(value)))
    ON CONFLICT (symbol, measure, value) DO UPDATE SET samples = known_value.samples + excluded.samples;
    IF is_restored THEN UPDATE execution_samples SET xid = '0' WHERE xid >= complete; END IF;
    UPDATE sum_horizons SET xid = complete WHERE name = 'executions' AND xid <> complete;
END
$$;
