-- Compares records that a bot reports with those of the books, stores what differs, and resolves what does not differ any more. Kinds whose
-- parameter is null are not compared, nor are records that changed in the books after the report. An alert is open while findings are.
-- name: compareBooks :many
-- import: Generated
-- in: instance_id text, ts timestamptz, orders jsonb?, trades jsonb?, fills jsonb?, fills_from timestamptz?, fills_to timestamptz?
-- in: balances jsonb?, limit int8
-- out: BookFindingRow
WITH venue AS MATERIALIZED (
    SELECT coalesce(live.exchange, last_live ->> 'exchange', 'unknown') AS name
    FROM instances
    LEFT JOIN instance_live AS live USING (instance_id)
    WHERE instance_id = :instance_id
        AND deleted_at IS NULL
),
reported_order AS MATERIALIZED (
    SELECT DISTINCT ON (order_id) *
    FROM jsonb_to_recordset(:orders::jsonb -> 'items')
        AS reported (order_id text, symbol text, side text, quantity numeric, filled_quantity numeric)
    ORDER BY order_id
),
booked_order AS MATERIALIZED (
    SELECT order_id, symbol, side, status, quantity, filled_quantity, updated_at
    FROM orders
    WHERE instance_id = :instance_id
        AND :orders::jsonb IS NOT NULL
        AND (status = 'OPEN' OR order_id IN (SELECT order_id FROM reported_order))
),
reported_trade AS MATERIALIZED (
    SELECT DISTINCT ON (trade_id) *
    FROM jsonb_to_recordset(:trades::jsonb -> 'items') AS reported (trade_id text, symbol text, side text, quantity numeric)
    ORDER BY trade_id
),
booked_trade AS MATERIALIZED (
    SELECT trade_id, symbol, side, status, quantity, updated_at
    FROM trades
    WHERE instance_id = :instance_id
        AND :trades::jsonb IS NOT NULL
        AND (status = 'OPEN' OR trade_id IN (SELECT trade_id FROM reported_trade))
),
reported_fill AS MATERIALIZED (
    SELECT DISTINCT ON (fill_id) *
    FROM jsonb_to_recordset(:fills::jsonb -> 'items')
        AS reported (fill_id text, symbol text, side text, quantity numeric, price numeric, fee numeric, fee_currency text)
    ORDER BY fill_id
),
booked_fill AS MATERIALIZED (
    SELECT fill_id, symbol, side, quantity, price, fee, fee_currency
    FROM fills
    WHERE instance_id = :instance_id
        AND ((ts >= :fills_from AND ts < :fills_to) OR fill_id IN (SELECT fill_id FROM reported_fill))
),
reported_balance AS MATERIALIZED (
    SELECT DISTINCT ON (1) concat_ws(' ', coalesce(venue, venue.name), coalesce(account_id, 'default'), currency) AS id, total
    FROM jsonb_to_recordset(:balances::jsonb -> 'items') AS reported (venue text, account_id text, currency text, total numeric)
    CROSS JOIN venue
    ORDER BY 1
),
booked_balance AS MATERIALIZED (
    SELECT concat_ws(' ', venue, account_id, currency) AS id, total, ts
    FROM account_balances
    CROSS JOIN LATERAL jsonb_to_recordset(balances) AS balance (currency text, total numeric)
    WHERE instance_id = :instance_id
        AND :balances::jsonb IS NOT NULL
),
compared AS (
    SELECT
        'ORDER' AS object, order_id AS id, coalesce(booked.symbol, reported.symbol) AS symbol,
        CASE
            WHEN booked.order_id IS NOT NULL
                THEN jsonb_build_object('side', booked.side, 'status', status, 'quantity', booked.quantity, 'filled_quantity', booked.filled_quantity)
        END AS booked,
        CASE
            WHEN reported.order_id IS NOT NULL
                THEN jsonb_build_object(
                    'side', reported.side, 'status', 'OPEN', 'quantity', reported.quantity, 'filled_quantity', reported.filled_quantity
                )
        END AS reported,
        (booked.symbol, booked.side, booked.status, booked.quantity, booked.filled_quantity)
            IS NOT DISTINCT FROM (reported.symbol, reported.side, 'OPEN', reported.quantity, reported.filled_quantity)
            OR booked.updated_at > :ts AS is_settled
    FROM booked_order AS booked
    FULL JOIN reported_order AS reported USING (order_id)
    UNION ALL
    SELECT
        'TRADE', trade_id, coalesce(booked.symbol, reported.symbol),
        CASE WHEN booked.trade_id IS NOT NULL THEN jsonb_build_object('side', booked.side, 'status', status, 'quantity', booked.quantity) END,
        CASE
            WHEN reported.trade_id IS NOT NULL
                THEN jsonb_build_object('side', reported.side, 'status', 'OPEN', 'quantity', reported.quantity)
        END,
        (booked.symbol, booked.side, booked.status, booked.quantity)
            IS NOT DISTINCT FROM (reported.symbol, reported.side, 'OPEN', reported.quantity)
            OR booked.updated_at > :ts
    FROM booked_trade AS booked
    FULL JOIN reported_trade AS reported USING (trade_id)
    UNION ALL
    SELECT
        'FILL', fill_id, coalesce(booked.symbol, reported.symbol),
        CASE
            WHEN booked.fill_id IS NOT NULL
                THEN jsonb_build_object(
                    'side', booked.side, 'quantity', booked.quantity, 'price', booked.price, 'fee', booked.fee, 'fee_currency', booked.fee_currency
                )
        END,
        CASE
            WHEN reported.fill_id IS NOT NULL
                THEN jsonb_build_object(
                    'side', reported.side, 'quantity', reported.quantity, 'price', reported.price, 'fee', reported.fee,
                    'fee_currency', reported.fee_currency
                )
        END,
        (booked.symbol, booked.side, booked.quantity, booked.price, booked.fee, booked.fee_currency) IS NOT DISTINCT FROM
            (reported.symbol, reported.side, reported.quantity, reported.price, reported.fee, reported.fee_currency)
    FROM booked_fill AS booked
    FULL JOIN reported_fill AS reported USING (fill_id)
    UNION ALL
    SELECT
        'BALANCE', id, NULL,
        CASE WHEN booked.total IS NOT NULL THEN jsonb_build_object('total', booked.total) END,
        CASE WHEN reported.total IS NOT NULL THEN jsonb_build_object('total', reported.total) END,
        coalesce(booked.total, 0) = coalesce(reported.total, 0)
            OR booked.ts > :ts
    FROM booked_balance AS booked
    FULL JOIN reported_balance AS reported USING (id)
),
different AS MATERIALIZED (
    SELECT *
    FROM compared
    WHERE NOT is_settled
        AND EXISTS (SELECT FROM venue)
    ORDER BY object, id
    LIMIT :limit
),
stored AS (
    INSERT INTO book_findings AS known (instance_id, object, id, difference, symbol, booked, reported)
    SELECT
        :instance_id, object, id,
        CASE WHEN booked IS NULL THEN 'MISSING_IN_BOOKS' WHEN reported IS NULL THEN 'MISSING_AT_BOT' ELSE 'DIFFERENT' END, symbol, booked,
        reported
    FROM different
    ORDER BY object, id
    ON CONFLICT (instance_id, object, id) WHERE resolved_at IS NULL DO UPDATE SET
        difference = excluded.difference,
        symbol = excluded.symbol,
        booked = excluded.booked,
        reported = excluded.reported,
        last_at = excluded.last_at
    RETURNING *
),
-- After a limited comparison it is unknown which findings are over.
over AS (
    UPDATE book_findings
    SET resolved_at = now()
    WHERE instance_id = :instance_id
        AND resolved_at IS NULL
        AND CASE object
            WHEN 'ORDER' THEN :orders::jsonb
            WHEN 'TRADE' THEN :trades::jsonb
            WHEN 'FILL' THEN :fills::jsonb
            ELSE :balances::jsonb
        END IS NOT NULL
        AND NOT EXISTS (SELECT FROM different WHERE (different.object, different.id) = (book_findings.object, book_findings.id))
        AND (SELECT count(*) FROM different) < :limit
    RETURNING finding_id
),
remaining AS MATERIALIZED (
    SELECT (SELECT count(*) FROM stored) + count(*) AS findings
    FROM book_findings AS known
    WHERE instance_id = :instance_id
        AND resolved_at IS NULL
        AND finding_id NOT IN (SELECT finding_id FROM over)
        AND NOT EXISTS (SELECT FROM different WHERE (different.object, different.id) = (known.object, known.id))
),
raised AS (
    INSERT INTO alerts AS alert (source, severity, target_type, target_id, message, metadata)
    SELECT
        'books', 'WARNING', 'instance', :instance_id,
        format('The books of instance %s differ from its bot in %s records', :instance_id, findings), jsonb_build_object('findings', findings)
    FROM remaining
    WHERE findings > 0
    ON CONFLICT (source, target_type, target_id) WHERE status <> 'RESOLVED' DO UPDATE SET
        message = excluded.message,
        metadata = excluded.metadata,
        occurrences = alert.occurrences + 1,
        last_at = excluded.last_at
),
resolved AS (
    UPDATE alerts
    SET status = 'RESOLVED',
        resolved_at = now(),
        resolved_by = 'auto'
    FROM remaining
    WHERE findings = 0
        AND source = 'books'
        AND target_type = 'instance'
        AND target_id = :instance_id
        AND status <> 'RESOLVED'
)
SELECT finding_id, instance_id, object, id, difference, symbol, booked, reported, first_at, last_at, resolved_at
FROM stored
ORDER BY object, id
