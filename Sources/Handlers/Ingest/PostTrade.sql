-- Stores trades, the newest report of each.
-- name: recordTrades :batch
-- import: Generated
-- row: instance_id text, trade_id text, venue text?, account_id text, symbol text, side text(TradeSide), status text(TradeStatus)
-- row: quantity numeric, entry_quantity numeric, entry_price numeric, exit_price numeric?, current_price numeric?
-- row: leverage numeric?, profit numeric?, unrealized_profit numeric?, fees numeric?, currency text, strategy_name text?
-- row: strategy_version text?, entry_tag text?, exit_reason text?
-- row: opened_at timestamptz, closed_at timestamptz?, updated_at timestamptz, most int8, ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH report AS MATERIALIZED (
    SELECT
        report.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        report.updated_at > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead,
        coalesce(report.venue, live.exchange, last_live ->> 'exchange', 'unknown') AS used_venue,
        coalesce(account.runtime_mode, live.runtime_mode, last_live ->> 'runtime_mode') AS runtime_mode
    FROM unnest(
        :instance_id, :trade_id, :venue, :account_id, :symbol, :side, :status, :quantity, :entry_quantity, :entry_price, :exit_price,
        :current_price, :leverage, :profit, :unrealized_profit, :fees, :currency, :strategy_name, :strategy_version, :entry_tag,
        :exit_reason, :opened_at, :closed_at, :updated_at, :most, :ahead_seconds
    ) WITH ORDINALITY AS report (
        instance_id, trade_id, venue, account_id, symbol, side, status, quantity, entry_quantity, entry_price, exit_price, current_price,
        leverage, profit, unrealized_profit, fees, currency, strategy_name, strategy_version, entry_tag, exit_reason, opened_at, closed_at,
        updated_at, most, ahead_seconds, ordinal
    )
    LEFT JOIN instances USING (instance_id)
    LEFT JOIN instance_live AS live USING (instance_id)
    LEFT JOIN instance_accounts AS account
        ON (account.instance_id, account.account_id) = (report.instance_id, report.account_id)
        AND account.venue = coalesce(report.venue, live.exchange, last_live ->> 'exchange', 'unknown')
),
opened AS MATERIALIZED (
    SELECT instance_id, trade_id, most
    FROM report
    WHERE status = 'OPEN'
        AND NOT EXISTS (SELECT FROM trades AS known WHERE (known.instance_id, known.trade_id) = (report.instance_id, report.trade_id))
),
-- Concurrent batches may exceed the limit by their own trades.
crowded AS MATERIALIZED (
    SELECT instance_id
    FROM (SELECT instance_id, max(most) AS most FROM opened GROUP BY instance_id) AS opener
    WHERE (
        SELECT count(*)
        FROM (
            SELECT FROM trades WHERE trades.instance_id = opener.instance_id AND status = 'OPEN' LIMIT most
        ) AS counted
    ) >= most
),
rejected AS MATERIALIZED (
    SELECT DISTINCT instance_id, trade_id
    FROM opened
    JOIN crowded USING (instance_id)
),
-- A report that is not the newest one returns no row here.
stored AS (
    INSERT INTO trades AS known
        (instance_id, trade_id, runtime_mode, venue, account_id, symbol, side, status, quantity, entry_quantity, entry_price, exit_price,
        current_price, leverage, profit, unrealized_profit, fees, currency, strategy_name, strategy_version, entry_tag, exit_reason,
        opened_at, closed_at, updated_at, received_at)
    SELECT DISTINCT ON (instance_id, trade_id)
        instance_id, trade_id, runtime_mode, used_venue, account_id, symbol, side, status, quantity, entry_quantity, entry_price, exit_price,
        current_price, leverage, profit, unrealized_profit, fees, currency, strategy_name, strategy_version, entry_tag, exit_reason,
        opened_at, closed_at, updated_at, statement_timestamp()
    FROM report
    WHERE is_known
        AND NOT is_ahead
        AND NOT EXISTS (SELECT FROM rejected WHERE (rejected.instance_id, rejected.trade_id) = (report.instance_id, report.trade_id))
    ORDER BY instance_id, trade_id, updated_at DESC, ordinal DESC
    ON CONFLICT (instance_id, trade_id) DO UPDATE SET
        venue = excluded.venue,
        account_id = excluded.account_id,
        symbol = excluded.symbol,
        side = excluded.side,
        status = excluded.status,
        quantity = excluded.quantity,
        entry_quantity = excluded.entry_quantity,
        entry_price = excluded.entry_price,
        exit_price = excluded.exit_price,
        current_price = excluded.current_price,
        leverage = excluded.leverage,
        profit = excluded.profit,
        unrealized_profit = excluded.unrealized_profit,
        fees = excluded.fees,
        currency = excluded.currency,
        strategy_name = excluded.strategy_name,
        strategy_version = excluded.strategy_version,
        entry_tag = excluded.entry_tag,
        exit_reason = excluded.exit_reason,
        opened_at = excluded.opened_at,
        closed_at = excluded.closed_at,
        updated_at = excluded.updated_at,
        received_at = excluded.received_at
    WHERE excluded.updated_at >= known.updated_at
    RETURNING instance_id, trade_id, updated_at
)
SELECT
    ordinal,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN is_ahead THEN 'ahead'
        WHEN rejected.instance_id IS NOT NULL THEN 'crowded'
        WHEN stored.updated_at IS NULL OR report.updated_at < stored.updated_at THEN 'stale'
        ELSE 'stored'
    END AS outcome
FROM report
LEFT JOIN stored USING (instance_id, trade_id)
LEFT JOIN rejected USING (instance_id, trade_id)
