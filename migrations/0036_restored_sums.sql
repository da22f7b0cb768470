-- Running sums survive a restore without a rewrite. A dump that is restored into another cluster finds lower transaction numbers there. The
-- first summing up in a new home sums what is not summed yet and notes the last ordinal of the table: rows up to it are summed, whatever
-- their transaction number is.
ALTER TABLE sum_horizons
    -- The database that the transaction numbers are of (`database_identity`).
    ADD COLUMN home text,
    ADD COLUMN summed_to int8 NOT NULL DEFAULT 0;

-- Tells this database from every other, in this cluster and elsewhere.
CREATE FUNCTION database_identity() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT system_identifier || '/' || oid
    FROM pg_control_system()
    CROSS JOIN pg_database
    WHERE datname = current_database()
$$;

UPDATE sum_horizons SET home = database_identity();

-- The transaction number that no row visible here reaches. After a restore it is unknown until the next summing up.
CREATE FUNCTION transactions_end(of_sum text) RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN home = database_identity() THEN pg_snapshot_xmax(pg_current_snapshot()) ELSE '18446744073709551615' END
    FROM sum_horizons
    WHERE name = of_sum
$$;

-- What the sums do not include yet. A range of transactions is estimated as a small part of the table, which it is.
CREATE VIEW unsummed_costs AS
SELECT instance_id, symbol, cost_type, booked_currency(cost) AS currency, booked_amount(cost) AS amount, ts, xid
FROM cost_entries AS cost
WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'costs')
    AND xid < (SELECT transactions_end('costs'))
    AND ordinal > (SELECT summed_to FROM sum_horizons WHERE name = 'costs');

CREATE VIEW unsummed_executions AS
SELECT symbol, slippage_bps, latency_ms, fill_ratio, xid
FROM execution_samples
WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'executions')
    AND xid < (SELECT transactions_end('executions'))
    AND ordinal > (SELECT summed_to FROM sum_horizons WHERE name = 'executions');

CREATE OR REPLACE VIEW cost_sums AS
SELECT instance_id, symbol, cost_type, currency, amount, entries, last_at FROM cost_balances
UNION ALL
SELECT instance_id, symbol, cost_type, currency, amount, 1, ts FROM unsummed_costs;

-- Locks a sum for this transaction. In a new home it also waits, for a moment, for writers of the table: what they write is numbered anew.
CREATE FUNCTION lock_sum(of_sum text, summed_table regclass, OUT is_restored bool) LANGUAGE plpgsql AS $$
BEGIN
    SELECT home IS DISTINCT FROM database_identity() INTO is_restored FROM sum_horizons WHERE name = of_sum FOR NO KEY UPDATE;
    IF is_restored THEN
        PERFORM set_config('lock_timeout', '300ms', true);
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', summed_table);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION sum_costs() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_restored bool;
    complete xid8;
BEGIN
    is_restored := lock_sum('costs', 'cost_entries');
    -- A statement of its own: it sees what committed while the lock was waited for.
    complete := pg_snapshot_xmin(pg_current_snapshot());
    INSERT INTO cost_balances AS balance
    SELECT instance_id, symbol, cost_type, currency, sum(amount), count(*), max(ts)
    FROM unsummed_costs
    WHERE xid < complete OR is_restored
    GROUP BY instance_id, symbol, cost_type, currency
    ON CONFLICT (instance_id, symbol, cost_type, currency) DO UPDATE SET
        amount = balance.amount + excluded.amount,
        entries = balance.entries + excluded.entries,
        last_at = greatest(balance.last_at, excluded.last_at);
    UPDATE sum_horizons
    SET xid = complete,
        home = database_identity(),
        summed_to = CASE WHEN is_restored THEN (SELECT coalesce(max(ordinal), 0) FROM cost_entries) ELSE summed_to END
    WHERE name = 'costs'
        AND (xid <> complete OR is_restored);
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;

CREATE OR REPLACE FUNCTION sum_executions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_restored bool;
    complete xid8;
BEGIN
    is_restored := lock_sum('executions', 'execution_samples');
    complete := pg_snapshot_xmin(pg_current_snapshot());
    -- The first 10,000 symbols have figures of their own (migration 0033).
    INSERT INTO execution_totals (symbol, samples, slippage, latency, fill)
    SELECT symbol, 0, 0, 0, 0
    FROM (SELECT DISTINCT symbol FROM unsummed_executions WHERE xid < complete OR is_restored) AS sample
    WHERE NOT EXISTS (SELECT FROM execution_totals AS total WHERE total.symbol = sample.symbol)
    ORDER BY symbol
    LIMIT greatest(10000 - (SELECT count(*) FROM execution_totals), 0);
    INSERT INTO execution_totals AS total
    SELECT coalesce(own.symbol, ''), count(*), sum(slippage_bps), sum(latency_ms), sum(fill_ratio)
    FROM unsummed_executions AS sample
    LEFT JOIN execution_totals AS own ON own.symbol = sample.symbol
    WHERE xid < complete OR is_restored
    GROUP BY coalesce(own.symbol, '')
    ON CONFLICT (symbol) DO UPDATE SET
        samples = total.samples + excluded.samples,
        slippage = total.slippage + excluded.slippage,
        latency = total.latency + excluded.latency,
        fill = total.fill + excluded.fill;
    INSERT INTO execution_values AS known_value
    SELECT coalesce(own.symbol, ''), measure, three_digits(value), count(*)
    FROM unsummed_executions AS sample
    LEFT JOIN execution_totals AS own ON own.symbol = sample.symbol
    CROSS JOIN LATERAL (VALUES (1::int2, slippage_bps), (2::int2, latency_ms)) AS measured (measure, value)
    WHERE xid < complete OR is_restored
    GROUP BY GROUPING SETS ((own.symbol, measure, three_digits(value)), (measure, three_digits(value)))
    HAVING GROUPING(own.symbol) = 1
        OR own.symbol IS NOT NULL
    ON CONFLICT (symbol, measure, value) DO UPDATE SET samples = known_value.samples + excluded.samples;
    UPDATE sum_horizons
    SET xid = complete,
        home = database_identity(),
        summed_to = CASE WHEN is_restored THEN coalesce(pg_sequence_last_value('execution_ordinals'), 0) ELSE summed_to END
    WHERE name = 'executions'
        AND (xid <> complete OR is_restored);
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;

-- Adds the shares of connections to slot 0: those of ended connections, and all shares of a symbol that has more than `shares_kept`, so that
-- the table does not grow with the number of connections. Locked rows are left for the next time. How many rows that were, at most `most`.
CREATE FUNCTION gather_exposure(most int8, shares_kept int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    gathered int8;
BEGIN
    WITH chosen AS MATERIALIZED (
        SELECT total.symbol, total.runtime_mode, total.slot
        FROM exposure_totals AS total
        JOIN (
            SELECT symbol, runtime_mode, slot, count(*) OVER (PARTITION BY symbol, runtime_mode) AS shares
            FROM exposure_totals
        ) AS counted USING (symbol, runtime_mode, slot)
        WHERE slot <> 0
            AND (shares > shares_kept OR slot NOT IN (SELECT pid FROM pg_stat_activity))
        ORDER BY symbol, runtime_mode, slot
        LIMIT most
        FOR UPDATE OF total SKIP LOCKED
    ),
    removed AS (
        DELETE FROM exposure_totals AS total
        USING chosen
        WHERE (total.symbol, total.runtime_mode, total.slot) = (chosen.symbol, chosen.runtime_mode, chosen.slot)
        RETURNING total.symbol, total.runtime_mode, total.net, total.gross, total.positions
    ),
    added AS (
        INSERT INTO exposure_totals AS total
        SELECT symbol, runtime_mode, 0, sum(net), sum(gross), sum(positions)
        FROM removed
        GROUP BY symbol, runtime_mode
        ON CONFLICT (symbol, runtime_mode, slot) DO UPDATE SET
            net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions
    )
    SELECT count(*) INTO gathered FROM removed;
    -- Symbols without positions add nothing, and they come from clients.
    DELETE FROM exposure_totals
    WHERE (symbol, runtime_mode, slot) IN (
        SELECT symbol, runtime_mode, slot
        FROM exposure_totals
        WHERE (net, gross, positions) = (0, 0, 0)
        FOR UPDATE SKIP LOCKED
    )
        AND (net, gross, positions) = (0, 0, 0);
    RETURN gathered;
END
$$;

-- What servers of earlier releases call.
CREATE OR REPLACE FUNCTION gather_exposure() RETURNS void LANGUAGE sql AS $$ SELECT gather_exposure(10000, 16) $$;
