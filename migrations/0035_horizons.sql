-- Makes and drops the partitions of metrics, and notes from when on there is what. Days are whole, so that a bucket is kept or is not.
-- The times only move forward: samples that were dropped are still gone when more of them are kept from now on.
CREATE OR REPLACE FUNCTION arrange_metrics(samples_kept interval, fine_kept interval, coarse_kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day CONSTANT timestamptz := date_trunc('day', now(), 'UTC');
BEGIN
    -- First the horizon, then what lies before it: so each reader finds each sample once.
    UPDATE metric_horizon
    SET samples_from = greatest(samples_from, day - samples_kept),
        fine_from = greatest(fine_from, day - fine_kept)
    WHERE samples_from < day - samples_kept
        OR fine_from < day - fine_kept;
    IF FOUND THEN
        -- Changes add up to the equity only all together, so none is dropped.
        WITH old AS (
            DELETE FROM equity_changes
            WHERE ts < day - coarse_kept
                OR (ts < day - fine_kept AND ts <> date_bin('1 hour', ts, day))
            RETURNING *
        )
        INSERT INTO equity_changes AS known (symbol, currency, ts, runtime_mode, change, samples, last_at)
        SELECT
            symbol, currency, greatest(date_bin('1 hour', ts, day), day - coarse_kept), runtime_mode,
            sum(change), sum(samples), max(last_at)
        FROM old
        GROUP BY 1, 2, 3, 4
        ON CONFLICT (symbol, currency, ts, runtime_mode) DO UPDATE SET
            change = known.change + excluded.change,
            samples = known.samples + excluded.samples,
            last_at = greatest(known.last_at, excluded.last_at);
    END IF;
    PERFORM arrange_partitions('metric_samples', '1 day', 7, samples_kept);
    -- Samples that came when their day was gone already; they are few.
    DELETE FROM metric_samples_rest WHERE ts < day - coarse_kept;
    PERFORM arrange_partitions('metric_5m', '7 days', 2, fine_kept);
    PERFORM arrange_partitions('metric_1h', '91 days', 2, coarse_kept);
END
$$;
