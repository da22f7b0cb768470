-- The equity of all instances together: at each time the newest value of every series, summed (a sample changes the sum by its difference
-- to the one before), and the highest sum so far. One row even where there is nothing, so that the currency is told.
CREATE FUNCTION equity_points(of_symbol text, of_mode text, of_currency text)
RETURNS TABLE (currency text, ts timestamptz, samples int8, equity numeric, peak numeric)
LANGUAGE sql STABLE AS $$
    WITH series AS MATERIALIZED (
        SELECT series.series_id, series.currency
        FROM metric_series AS series
        JOIN instance_live AS live USING (instance_id)
        WHERE series.metric_type = 'equity'
            AND (of_symbol IS NULL OR series.symbol = of_symbol)
            AND (of_mode IS NULL OR live.runtime_mode = of_mode)
    ),
    meant AS MATERIALIZED (
        SELECT coalesce(of_currency, (SELECT main_currency(array_agg(series.currency)) FROM series)) AS currency
    ),
    sample AS (
        SELECT metric_samples.ts, value - coalesce(lag(value) OVER (PARTITION BY series_id ORDER BY metric_samples.ts), 0) AS change
        FROM metric_samples
        JOIN series USING (series_id)
        JOIN meant USING (currency)
    ),
    total AS (
        SELECT sample.ts, count(*) AS samples, sum(sum(change)) OVER (ORDER BY sample.ts) AS equity
        FROM sample
        GROUP BY sample.ts
    )
    SELECT meant.currency, total.ts, total.samples, total.equity, max(total.equity) OVER (ORDER BY total.ts)
    FROM meant
    LEFT JOIN total ON true
$$;
