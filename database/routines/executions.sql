-- Running sums of execution samples.

-- A number rounded to three significant digits.
CREATE OR REPLACE FUNCTION three_digits(value numeric) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value = 0 THEN 0 ELSE round(value, 2 - floor(log(abs(value)::float8))::int4) END::float8
$$;

-- Adds to the totals all samples of transactions below the oldest running one. Restored databases are handled as in `sum_costs`. Symbols
-- come from clients, so only the first 10,000 have their own totals. Samples of other symbols count only for all symbols together, under
-- the empty symbol.
CREATE OR REPLACE FUNCTION sum_executions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_restored bool;
    complete xid8;
BEGIN
    is_restored := lock_sum('executions', 'execution_samples');
    complete := pg_snapshot_xmin(pg_current_snapshot());
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
    INSERT INTO execution_days AS known (day, instance_id, samples, slippage)
    SELECT (ts AT TIME ZONE 'UTC')::date, instance_id, count(*), sum(slippage_bps)
    FROM unsummed_executions
    WHERE (xid < complete OR is_restored)
        AND ts BETWEEN now() - interval '6 days' AND now() + interval '1 day'
    GROUP BY 1, 2
    ON CONFLICT (day, instance_id) DO UPDATE SET samples = known.samples + excluded.samples, slippage = known.slippage + excluded.slippage;
    DELETE FROM execution_days WHERE day < (now() AT TIME ZONE 'UTC')::date - 7;
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
