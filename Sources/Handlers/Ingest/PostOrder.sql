-- Stores orders, the newest report of each.
-- name: recordOrders :batch
-- import: Generated
-- row: instance_id text, order_id text, trade_id text?, venue text?, account_id text, symbol text, side text(Side), order_type text
-- row: status text(OrderStatus), quantity numeric, filled_quantity numeric, price numeric?, average_price numeric?
-- row: is_reduce_only bool?, tag text?, created_at timestamptz, updated_at timestamptz, most int8, ahead_seconds int8
-- out: ordinal int8, outcome text(RowOutcome)
WITH report AS MATERIALIZED (
    SELECT
        report.*,
        instances.instance_id IS NOT NULL AND deleted_at IS NULL AS is_known,
        report.updated_at > statement_timestamp() + ahead_seconds * interval '1 second' AS is_ahead,
        coalesce(report.venue, live.exchange, last_live ->> 'exchange', 'unknown') AS used_venue
    FROM unnest(
        :instance_id, :order_id, :trade_id, :venue, :account_id, :symbol, :side, :order_type, :status, :quantity, :filled_quantity,
        :price, :average_price, :is_reduce_only, :tag, :created_at, :updated_at, :most, :ahead_seconds
    ) WITH ORDINALITY AS report (
        instance_id, order_id, trade_id, venue, account_id, symbol, side, order_type, status, quantity, filled_quantity, price,
        average_price, is_reduce_only, tag, created_at, updated_at, most, ahead_seconds, ordinal
    )
    LEFT JOIN instances USING (instance_id)
    LEFT JOIN instance_live AS live USING (instance_id)
),
opened AS MATERIALIZED (
    SELECT instance_id, order_id, most
    FROM report
    WHERE status = 'OPEN'
        AND NOT EXISTS (SELECT FROM orders AS known WHERE (known.instance_id, known.order_id) = (report.instance_id, report.order_id))
),
-- Concurrent batches may exceed the limit by their own orders.
crowded AS MATERIALIZED (
    SELECT instance_id
    FROM (SELECT instance_id, max(most) AS most FROM opened GROUP BY instance_id) AS opener
    WHERE (
        SELECT count(*)
        FROM (
            SELECT FROM orders WHERE orders.instance_id = opener.instance_id AND status = 'OPEN' LIMIT most
        ) AS counted
    ) >= most
),
rejected AS MATERIALIZED (
    SELECT DISTINCT instance_id, order_id
    FROM opened
    JOIN crowded USING (instance_id)
),
-- A report that is not the newest one returns no row here.
stored AS (
    INSERT INTO orders AS known
        (instance_id, order_id, trade_id, venue, account_id, symbol, side, order_type, status, quantity, filled_quantity, price,
        average_price, is_reduce_only, tag, created_at, updated_at, received_at)
    SELECT DISTINCT ON (instance_id, order_id)
        instance_id, order_id, trade_id, used_venue, account_id, symbol, side, order_type, status, quantity, filled_quantity, price,
        average_price, is_reduce_only, tag, created_at, updated_at, statement_timestamp()
    FROM report
    WHERE is_known
        AND NOT is_ahead
        AND NOT EXISTS (SELECT FROM rejected WHERE (rejected.instance_id, rejected.order_id) = (report.instance_id, report.order_id))
    ORDER BY instance_id, order_id, updated_at DESC, ordinal DESC
    ON CONFLICT (instance_id, order_id) DO UPDATE SET
        trade_id = excluded.trade_id,
        venue = excluded.venue,
        account_id = excluded.account_id,
        symbol = excluded.symbol,
        side = excluded.side,
        order_type = excluded.order_type,
        status = excluded.status,
        quantity = excluded.quantity,
        filled_quantity = excluded.filled_quantity,
        price = excluded.price,
        average_price = excluded.average_price,
        is_reduce_only = excluded.is_reduce_only,
        tag = excluded.tag,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at,
        received_at = excluded.received_at
    WHERE excluded.updated_at >= known.updated_at
    RETURNING instance_id, order_id, updated_at
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
LEFT JOIN stored USING (instance_id, order_id)
LEFT JOIN rejected USING (instance_id, order_id)
