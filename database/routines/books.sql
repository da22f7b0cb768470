-- Currencies and rates. The books' currency is part of the servers' configuration, so every function gets it as a parameter.

-- The default currency of a report: the only one that occurs, otherwise the books'. Used by servers of release 1.2 and earlier.
CREATE OR REPLACE FUNCTION main_currency(currencies text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) ELSE '' END
    FROM unnest(currencies) AS currency
$$;

-- The rates into the books' currency that are at most `max_seconds` old.
CREATE OR REPLACE FUNCTION usable_rates(books text, max_seconds int8)
RETURNS TABLE (currency text, rate numeric, ts timestamptz, age_seconds int8)
LANGUAGE sql STABLE AS $$
    SELECT currency, rate, ts, floor(greatest(extract(epoch FROM now() - ts), 0))::int8
    FROM fx_rates
    WHERE quote = books
        AND ts > now() - max_seconds * interval '1 second'
$$;

-- The currency of an amount: the books' if the amount has none.
CREATE OR REPLACE FUNCTION named_currency(currency text, books text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN currency = '' THEN coalesce(books, '') ELSE currency END
$$;

-- The currency of a total: the books' if configured, otherwise the only one that occurs; null if several occur.
CREATE OR REPLACE FUNCTION total_currency(currencies text[], books text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(books, CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) END)
    FROM unnest(currencies) AS currency
$$;

-- An amount in the books' currency, rounded to 18 decimal places. NaN if there is no rate, so every sum that contains it is NaN.
CREATE OR REPLACE FUNCTION in_books(amount numeric, rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN amount = 0 THEN 0 WHEN rate IS NULL THEN 'NaN' ELSE trim_scale(round(amount * rate, 18)) END
$$;
