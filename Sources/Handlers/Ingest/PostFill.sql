-- Stores fills and books their fees. A fill is stored once; the same id with different content is rejected.
-- name: recordFills :batch
-- import: Generated
-- row: instance_id text, fill_id text, order_id text?, trade_id text?, venue text?, account_id text, symbol text, side text(Side)
-- row: quantity numeric, price numeric, quote_currency text?, fee numeric?, fee_currency text?, fx_rate numeric?
-- row: liquidity text(Liquidity)?, ts timestamptz, ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH fill AS MATERIALIZED (
    SELECT
        fill.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        ts > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead,
        coalesce(fill.venue, live.exchange, last_live ->> 'exchange', 'unknown') AS used_venue,
        -- If a batch has several fills with one id, the first is stored.
        row_number() OVER (
            PARTITION BY instance_id, fill_id, ts > statement_timestamp() + ahead_seconds * interval '1 second' ORDER BY ordinal
        ) = 1 AS is_first
    FROM unnest(
        :instance_id, :fill_id, :order_id, :trade_id, :venue, :account_id, :symbol, :side, :quantity, :price, :quote_currency, :fee,
        :fee_currency, :fx_rate, :liquidity, :ts, :ahead_seconds
    ) WITH ORDINALITY AS fill (
        instance_id, fill_id, order_id, trade_id, venue, account_id, symbol, side, quantity, price, quote_currency, fee, fee_currency,
        fx_rate, liquidity, ts, ahead_seconds, ordinal
    )
    LEFT JOIN instances USING (instance_id)
    LEFT JOIN instance_live AS live USING (instance_id)
),
-- Another server may store the fill at the same moment. The update changes nothing; it makes the stored fill visible here. Rows that existed
-- before have a transaction's mark (PostgreSQL manual, 5.5, "System Columns", xmax).
stored AS (
    INSERT INTO fills AS kept
        (instance_id, fill_id, order_id, trade_id, venue, account_id, symbol, side, quantity, price, quote_currency, fee, fee_currency,
        fx_rate, liquidity, ts, received_at)
    SELECT
        instance_id, fill_id, order_id, trade_id, used_venue, account_id, symbol, side, quantity, price, quote_currency, fee, fee_currency,
        fx_rate, liquidity, ts, statement_timestamp()
    FROM fill
    WHERE is_known
        AND NOT is_ahead
        AND is_first
    ORDER BY instance_id, fill_id
    ON CONFLICT (instance_id, fill_id) DO UPDATE SET fill_id = kept.fill_id
    RETURNING kept.*, xmax = 0 AS is_new
),
-- A bot that reports its fees as costs, too, gives them the ids of the fills, so that none is booked twice.
booked AS (
    INSERT INTO cost_entries (instance_id, entry_id, symbol, cost_type, amount, currency, fx_rate, ts, received_at, xid)
    SELECT
        instance_id, CASE WHEN length(fill_id) <= 64 THEN fill_id ELSE encode(sha256(convert_to(fill_id, 'UTF8')), 'hex') END, symbol,
        'FEE', fee, fee_currency, fx_rate, ts, received_at,
        greatest(pg_current_xact_id(), (SELECT xid FROM sum_horizons WHERE name = 'costs'))
    FROM stored
    WHERE is_new
        AND fee IS NOT NULL
    ORDER BY instance_id, fill_id
    ON CONFLICT (instance_id, entry_id) DO NOTHING
)
SELECT
    fill.ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN is_ahead THEN 'ahead'
        WHEN (
            stored.order_id, stored.trade_id, stored.venue, stored.account_id, stored.symbol, stored.side, stored.quantity, stored.price,
            stored.quote_currency, stored.fee, stored.fee_currency, stored.fx_rate, stored.liquidity, stored.ts
        ) IS DISTINCT FROM (
            fill.order_id, fill.trade_id, coalesce(fill.venue, stored.venue), fill.account_id, fill.symbol, fill.side, fill.quantity,
            fill.price, fill.quote_currency, fill.fee, fill.fee_currency, fill.fx_rate, fill.liquidity, fill.ts
        ) THEN 'conflict'
        WHEN stored.is_new AND is_first THEN 'stored'
        ELSE 'duplicate'
    END AS outcome
FROM fill
LEFT JOIN stored USING (instance_id, fill_id)
