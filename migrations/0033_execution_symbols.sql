-- Symbols come from clients. The first 10,000 have figures of their own; the samples of others count for all symbols together, under the
-- empty one.
CREATE OR REPLACE FUNCTION sum_executions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known xid8;
    complete CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
    is_restored bool;
BEGIN
    SELECT xid, xid > complete INTO known, is_restored FROM sum_horizons WHERE name = 'executions' FOR UPDATE;
    IF is_restored THEN LOCK TABLE execution_samples IN SHARE ROW EXCLUSIVE MODE; END IF;
    INSERT INTO execution_totals (symbol, samples, slippage, latency, fill)
    SELECT symbol, 0, 0, 0, 0
    FROM (
        SELECT DISTINCT symbol
        FROM execution_samples
        WHERE xid >= known
            AND (xid < complete OR is_restored)
    ) AS sample
    WHERE NOT EXISTS (SELECT FROM execution_totals AS total WHERE total.symbol = sample.symbol)
    ORDER BY symbol
    LIMIT greatest(10000 - (SELECT count(*) FROM execution_totals), 0);
    INSERT INTO execution_totals AS total
    SELECT coalesce(own.symbol, ''), count(*), sum(slippage_bps), sum(latency_ms), sum(fill_ratio)
    FROM execution_samples AS sample
    LEFT JOIN execution_totals AS own ON own.symbol = sample.symbol
    WHERE xid >= known
        AND (xid < complete OR is_restored)
    GROUP BY coalesce(own.symbol, '')
    ON CONFLICT (symbol) DO UPDATE SET
        samples = total.samples + excluded.samples,
        slippage = total.slippage + excluded.slippage,
        latency = total.latency + excluded.latency,
        fill = total.fill + excluded.fill;
    INSERT INTO execution_values AS known_value
    SELECT coalesce(own.symbol, ''), measure, three_digits(value), count(*)
    FROM execution_samples AS sample
    LEFT JOIN execution_totals AS own ON own.symbol = sample.symbol
    CROSS JOIN LATERAL (VALUES (1::int2, slippage_bps), (2::int2, latency_ms)) AS measured (measure, value)
    WHERE xid >= known
        AND (xid < complete OR is_restored)
    GROUP BY GROUPING SETS ((own.symbol, measure, three_digits(value)), (measure, three_digits(value)))
    HAVING GROUPING(own.symbol) = 1
        OR own.symbol IS NOT NULL
    ON CONFLICT (symbol, measure, value) DO UPDATE SET samples = known_value.samples + excluded.samples;
    IF is_restored THEN UPDATE execution_samples SET xid = '0' WHERE xid >= complete; END IF;
    UPDATE sum_horizons SET xid = complete WHERE name = 'executions' AND xid <> complete;
END
$$;
