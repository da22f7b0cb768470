-- What is held in all, kept up with each change of a position: an answer costs the same however many positions there are.

-- The mode of the position's instance, so that its share of the sums can be found again.
ALTER TABLE positions ADD COLUMN runtime_mode text;
UPDATE positions SET runtime_mode = live.runtime_mode FROM instance_live AS live WHERE live.instance_id = positions.instance_id;

-- Each connection adds to a row of its own, so that nobody waits for anybody; slot 0 has what ended connections left.
CREATE TABLE exposure_totals (
    symbol text NOT NULL,
    runtime_mode text NOT NULL,
    slot int4 NOT NULL,
    net numeric NOT NULL,
    gross numeric NOT NULL,
    positions int8 NOT NULL,
    PRIMARY KEY (symbol, runtime_mode, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
INSERT INTO exposure_totals
SELECT symbol, runtime_mode, 0, sum(net_exposure), sum(gross_exposure), count(*)
FROM positions
WHERE runtime_mode IS NOT NULL
GROUP BY symbol, runtime_mode;

CREATE FUNCTION sum_exposure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO exposure_totals AS total
        SELECT symbol, runtime_mode, pg_backend_pid(), -sum(net_exposure), -sum(gross_exposure), -count(*)
        FROM removed
        WHERE runtime_mode IS NOT NULL
        GROUP BY symbol, runtime_mode
        ON CONFLICT (symbol, runtime_mode, slot) DO UPDATE SET
            net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO exposure_totals AS total
        SELECT symbol, runtime_mode, pg_backend_pid(), sum(net_exposure), sum(gross_exposure), count(*)
        FROM added
        WHERE runtime_mode IS NOT NULL
        GROUP BY symbol, runtime_mode
        ON CONFLICT (symbol, runtime_mode, slot) DO UPDATE SET
            net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER positions_are_added
    AFTER INSERT ON positions
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION sum_exposure();
CREATE TRIGGER positions_change
    AFTER UPDATE ON positions
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION sum_exposure();
CREATE TRIGGER positions_are_removed
    AFTER DELETE ON positions
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION sum_exposure();

-- Positions follow their instance into its mode. Whoever adds a position holds the instance's row meanwhile.
CREATE FUNCTION move_positions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM positions WHERE instance_id = NEW.instance_id ORDER BY symbol FOR NO KEY UPDATE;
    UPDATE positions SET runtime_mode = NEW.runtime_mode WHERE instance_id = NEW.instance_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER instances_change_mode
    AFTER UPDATE OF runtime_mode ON instance_live
    FOR EACH ROW
    WHEN (OLD.runtime_mode <> NEW.runtime_mode)
    EXECUTE FUNCTION move_positions();

-- Takes over what ended connections left.
CREATE FUNCTION gather_exposure() RETURNS void LANGUAGE sql AS $$
    WITH left_over AS (
        DELETE FROM exposure_totals
        WHERE (symbol, runtime_mode, slot) IN (
            SELECT symbol, runtime_mode, slot
            FROM exposure_totals
            WHERE slot <> 0
                AND slot NOT IN (SELECT pid FROM pg_stat_activity)
            FOR UPDATE SKIP LOCKED
        )
        RETURNING symbol, runtime_mode, net, gross, positions
    )
    INSERT INTO exposure_totals AS total
    SELECT symbol, runtime_mode, 0, sum(net), sum(gross), sum(positions)
    FROM left_over
    GROUP BY symbol, runtime_mode
    ON CONFLICT (symbol, runtime_mode, slot) DO UPDATE SET
        net = total.net + excluded.net, gross = total.gross + excluded.gross, positions = total.positions + excluded.positions
$$;
