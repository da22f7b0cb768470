-- The performance of instances: lists are sorted by it, and the dashboard compares bots. And why an instance is in its state.

ALTER TABLE instance_profiles ADD COLUMN state_cause text;

-- The amounts of each instance in a currency, noted every half minute (`note_performance`). Null if nothing of the kind was reported.
CREATE TABLE performance_parts (
    instance_id text NOT NULL,
    -- Empty for the books' currency.
    currency text NOT NULL,
    realized numeric,
    unrealized numeric,
    fees numeric,
    funding numeric,
    equity numeric,
    -- The highest noted equity.
    peak numeric,
    -- The amounts when this day began (UTC), and the net PnL six days before.
    realized_today numeric NOT NULL DEFAULT 0,
    unrealized_today numeric NOT NULL DEFAULT 0,
    fees_today numeric NOT NULL DEFAULT 0,
    funding_today numeric NOT NULL DEFAULT 0,
    equity_today numeric,
    net_week numeric NOT NULL DEFAULT 0,
    -- When the amounts of the past were computed.
    marked_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (instance_id, currency)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The change of the net PnL of each instance on each day that has ended (UTC), by currency, under the mode that it had then. Days without a
-- change have no row. The rows outlive their instance.
CREATE TABLE pnl_days (
    day date NOT NULL,
    instance_id text NOT NULL,
    currency text NOT NULL,
    runtime_mode text NOT NULL,
    realized numeric NOT NULL,
    unrealized numeric NOT NULL,
    fees numeric NOT NULL,
    funding numeric NOT NULL,
    PRIMARY KEY (day, instance_id, currency)
);

-- The performance of each instance, in its only currency or in the books'. `rate` is the value of one unit of that currency in the books'.
CREATE TABLE instance_performance (
    instance_id text PRIMARY KEY,
    currency text,
    rate numeric,
    equity numeric,
    net_pnl_today numeric,
    net_pnl_week numeric,
    -- The net PnL of this day, divided by the equity when it began.
    return_today float8,
    -- The part of the highest equity that is lost.
    drawdown float8,
    gross_exposure numeric,
    exposure_currency text,
    exposure_rate numeric,
    -- The mean slippage of this day.
    slippage_bps float8
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- When the performance of all instances was noted.
CREATE TABLE performance_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    noted_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO performance_horizon DEFAULT VALUES;

-- Sums of the execution samples of each instance and day (UTC), of the last week.
CREATE TABLE execution_days (
    day date NOT NULL,
    instance_id text NOT NULL,
    samples int8 NOT NULL,
    slippage numeric NOT NULL,
    PRIMARY KEY (day, instance_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE OR REPLACE VIEW unsummed_executions AS
SELECT symbol, slippage_bps, latency_ms, fill_ratio, xid, instance_id, ts
FROM execution_samples
WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'executions')
    AND xid < (SELECT transactions_end('executions'))
    AND ordinal > (SELECT summed_to FROM sum_horizons WHERE name = 'executions');

-- The noted amounts with the net PnL and its change since this day began; null if neither profit nor cost was reported. The
-- change is null until the past is computed.
CREATE VIEW performance AS
SELECT
    instance_id, currency, equity, equity_today, peak, CASE WHEN marked_at > '-infinity' THEN net_week END AS net_week, part.net,
    CASE
        WHEN marked_at > '-infinity' THEN part.net - (realized_today + unrealized_today - fees_today + funding_today)
    END AS net_today
FROM performance_parts
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN num_nonnulls(realized, unrealized, fees, funding) > 0
                THEN coalesce(realized, 0) + coalesce(unrealized, 0) - coalesce(fees, 0) + coalesce(funding, 0)
        END AS net
) AS part;

-- The changes of the net PnL on each day, this one included.
CREATE VIEW pnl_changes AS
SELECT day, instance_id, currency, runtime_mode, realized, unrealized, fees, funding FROM pnl_days
UNION ALL
SELECT
    (now() AT TIME ZONE 'UTC')::date, instance_id, currency, runtime_mode, coalesce(realized, 0) - realized_today,
    coalesce(unrealized, 0) - unrealized_today, coalesce(fees, 0) - fees_today, coalesce(funding, 0) - funding_today
FROM performance_parts
JOIN instance_live USING (instance_id)
WHERE marked_at > '-infinity';
