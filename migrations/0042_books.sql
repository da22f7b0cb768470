-- What one unit of a currency is worth in the books' (quote), as it was reported last. The books' currency is the servers' configuration:
-- rates into another one are kept and not used.
CREATE TABLE fx_rates (
    quote text NOT NULL,
    currency text NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0 AND rate NOT IN ('NaN', 'Infinity')),
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    reported_by text NOT NULL,
    PRIMARY KEY (quote, currency)
);

-- The rates into the books' currency that are young enough to be used.
CREATE FUNCTION usable_rates(books text, max_seconds int8)
RETURNS TABLE (currency text, rate numeric, ts timestamptz, age_seconds int8)
LANGUAGE sql STABLE AS $$
    SELECT currency, rate, ts, floor(greatest(extract(epoch FROM now() - ts), 0))::int8
    FROM fx_rates
    WHERE quote = books
        AND ts > now() - max_seconds * interval '1 second'
$$;

-- An amount without a currency is in the books'.
CREATE FUNCTION named_currency(currency text, books text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN currency = '' THEN coalesce(books, '') ELSE currency END
$$;

-- The currency of a total: the books', or without one the only one there is; null where there are several.
CREATE FUNCTION total_currency(currencies text[], books text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(books, CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) END)
    FROM unnest(currencies) AS currency
$$;

-- An amount in the books' currency, to 18 digits behind the point. NaN, which every sum with it is, where there is no rate for it.
CREATE FUNCTION in_books(amount numeric, rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN amount = 0 THEN 0 WHEN rate IS NULL THEN 'NaN' ELSE trim_scale(round(amount * rate, 18)) END
$$;

-- The equity of all instances together in one currency, at each time the newest value of every series, summed, and the highest sum so far.
-- Of 20,000 samples at most each has a point; of more the last of each five minutes that are rolled up, and what is newest. The other
-- currencies are named, because history has no rates. One row even where there is nothing, so that the currency is told.
CREATE FUNCTION equity_history(of_symbol text, of_mode text, of_currency text, books text)
RETURNS TABLE (
    currency text, other_currencies text[], resolution text, ts timestamptz, samples int8, equity numeric, peak numeric
)
LANGUAGE sql STABLE AS $$
    WITH series AS MATERIALIZED (
        SELECT series.series_id, named_currency(series.currency, books) AS currency
        FROM metric_series AS series
        JOIN metric_latest USING (series_id)
        JOIN instance_live AS live USING (instance_id)
        WHERE series.metric_type = 'equity'
            AND (of_symbol IS NULL OR series.symbol = of_symbol)
            AND (of_mode IS NULL OR live.runtime_mode = of_mode)
    ),
    known AS MATERIALIZED (
        SELECT array_agg(DISTINCT series.currency) AS currencies FROM series
    ),
    chosen AS MATERIALIZED (
        SELECT coalesce(of_currency, total_currency(known.currencies, books)) AS currency FROM known
    ),
    rolled AS MATERIALIZED (
        SELECT max(change.last_at) AS ts, sum(change.samples)::int8 AS samples, sum(sum(change.change)) OVER (ORDER BY change.ts) AS equity
        FROM equity_changes AS change
        WHERE change.symbol = coalesce(of_symbol, '')
            AND change.currency = ANY (
                SELECT unnest(CASE WHEN chosen.currency = books THEN ARRAY['', books] ELSE ARRAY[chosen.currency] END)
                FROM chosen
            )
            AND (of_mode IS NULL OR change.runtime_mode = of_mode)
        GROUP BY change.ts
    ),
    selection AS MATERIALIZED (
        SELECT coalesce(sum(rolled.samples), 0) > 20000 AS is_large, max(rolled.ts) AS rolled_to FROM rolled
    ),
    -- A sample changes the sum by its difference to the one before.
    sample AS (
        SELECT history.ts, value - coalesce(lag(value) OVER (PARTITION BY series_id ORDER BY history.ts), 0) AS change
        FROM metric_history AS history
        JOIN series USING (series_id)
        JOIN chosen USING (currency)
        WHERE NOT (SELECT is_large FROM selection)
    ),
    total AS (
        SELECT sample.ts, count(*) AS samples, sum(sum(change)) OVER (ORDER BY sample.ts) AS equity
        FROM sample
        GROUP BY sample.ts
        UNION ALL
        SELECT rolled.ts, rolled.samples, rolled.equity
        FROM rolled
        WHERE rolled.samples > 0
            AND (SELECT is_large FROM selection)
        UNION ALL
        SELECT max(newest.ts), 0, sum(newest.value)
        FROM series
        JOIN chosen USING (currency)
        JOIN metric_latest AS newest USING (series_id)
        WHERE (SELECT is_large FROM selection)
        HAVING max(newest.ts) > (SELECT rolled_to FROM selection)
    )
    SELECT
        chosen.currency,
        ARRAY (SELECT other FROM unnest(known.currencies) AS other WHERE other IS DISTINCT FROM chosen.currency ORDER BY other),
        CASE WHEN selection.is_large THEN 'FIVE_MINUTES' ELSE 'EVERY_SAMPLE' END,
        total.ts, total.samples, total.equity, max(total.equity) OVER (ORDER BY total.ts)
    FROM chosen
    CROSS JOIN known
    CROSS JOIN selection
    LEFT JOIN total ON true
$$;
