-- Exposure by symbol, currency and mode, kept up to date by each change of a position.

-- Adds and subtracts changed positions. Each connection has its own rows (slot), so connections do not wait for each other.
CREATE OR REPLACE FUNCTION sum_exposure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO exposure_totals AS total
            (symbol, currency, runtime_mode, slot, net, gross, positions)
        SELECT symbol, currency, runtime_mode, pg_backend_pid(), -sum(net_exposure), -sum(gross_exposure), -count(*)
        FROM removed
        WHERE runtime_mode IS NOT NULL
        GROUP BY symbol, currency, runtime_mode
        ON CONFLICT (symbol, currency, runtime_mode, slot) DO UPDATE SET
            net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO exposure_totals AS total
            (symbol, currency, runtime_mode, slot, net, gross, positions)
        SELECT symbol, currency, runtime_mode, pg_backend_pid(), sum(net_exposure), sum(gross_exposure), count(*)
        FROM added
        WHERE runtime_mode IS NOT NULL
        GROUP BY symbol, currency, runtime_mode
        ON CONFLICT (symbol, currency, runtime_mode, slot) DO UPDATE SET
            net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions;
    END IF;
    RETURN NULL;
END
$$;

-- The exposure of instances in each currency, and when the oldest of these positions was reported.
CREATE OR REPLACE FUNCTION exposure_by_currency(instance_ids text[], books text)
RETURNS TABLE (currency text, net numeric, gross numeric, as_of timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT
        named_currency(position.currency, books), trim_scale(sum(net_exposure)), trim_scale(sum(gross_exposure)), min(updated_at)
    FROM positions AS position
    WHERE instance_id = ANY (instance_ids)
    GROUP BY 1
$$;

-- Moves the positions of an instance to its new mode. A statement that adds a position holds the instance's row meanwhile.
CREATE OR REPLACE FUNCTION move_positions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM positions WHERE instance_id = NEW.instance_id ORDER BY symbol FOR NO KEY UPDATE;
    UPDATE positions SET runtime_mode = NEW.runtime_mode WHERE instance_id = NEW.instance_id;
    RETURN NULL;
END
$$;

-- Adds the rows of connections to slot 0: those of ended connections, and all rows of a sum that has more than `shares_kept`, so the
-- table does not grow with the number of connections. Locked rows are skipped. Returns the number of rows, at most `most`.
CREATE OR REPLACE FUNCTION gather_exposure(most int8, shares_kept int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    gathered int8;
BEGIN
    WITH chosen AS MATERIALIZED (
        SELECT total.symbol, total.currency, total.runtime_mode, total.slot
        FROM exposure_totals AS total
        JOIN (
            SELECT symbol, currency, runtime_mode, slot, count(*) OVER (PARTITION BY symbol, currency, runtime_mode) AS shares
            FROM exposure_totals
        ) AS counted USING (symbol, currency, runtime_mode, slot)
        WHERE slot <> 0
            AND (shares > shares_kept OR slot NOT IN (SELECT pid FROM pg_stat_activity))
        ORDER BY symbol, currency, runtime_mode, slot
        LIMIT most
        FOR UPDATE OF total SKIP LOCKED
    ),
    removed AS (
        DELETE FROM exposure_totals AS total
        USING chosen
        WHERE (total.symbol, total.currency, total.runtime_mode, total.slot)
            = (chosen.symbol, chosen.currency, chosen.runtime_mode, chosen.slot)
        RETURNING total.symbol, total.currency, total.runtime_mode, total.net, total.gross, total.positions
    ),
    added AS (
        INSERT INTO exposure_totals AS total
            (symbol, currency, runtime_mode, slot, net, gross, positions)
        SELECT symbol, currency, runtime_mode, 0, sum(net), sum(gross), sum(positions)
        FROM removed
        GROUP BY symbol, currency, runtime_mode
        ON CONFLICT (symbol, currency, runtime_mode, slot) DO UPDATE SET
            net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions
    )
    SELECT count(*) INTO gathered FROM removed;
    -- Symbols come from clients, so rows without positions must not accumulate.
    DELETE FROM exposure_totals
    WHERE (symbol, currency, runtime_mode, slot) IN (
        SELECT symbol, currency, runtime_mode, slot
        FROM exposure_totals
        WHERE (net, gross, positions) = (0, 0, 0)
        FOR UPDATE SKIP LOCKED
    )
        AND (net, gross, positions) = (0, 0, 0);
    RETURN gathered;
END
$$;

-- Used by servers of release 1.2 and earlier.
CREATE OR REPLACE FUNCTION gather_exposure() RETURNS void LANGUAGE sql AS $$ SELECT gather_exposure(10000, 16) $$;
