-- Amounts of unlike currencies are never added. An empty text stands for the books' own currency.
ALTER TABLE metric_series ADD COLUMN currency text NOT NULL DEFAULT '';
ALTER TABLE metric_series DROP CONSTRAINT metric_series_instance_id_metric_type_symbol_key;
ALTER TABLE metric_series ADD UNIQUE (instance_id, metric_type, symbol, currency);

ALTER TABLE cost_entries
    ADD COLUMN currency text,
    -- What one unit of the currency is worth in the books' own.
    ADD COLUMN fx_rate numeric;

CREATE INDEX cost_entries_newest ON cost_entries (ts DESC, ordinal DESC);
CREATE INDEX cost_entries_by_instance ON cost_entries (instance_id, ts DESC, ordinal DESC);
CREATE INDEX execution_samples_newest ON execution_samples (ts DESC, ordinal DESC);
CREATE INDEX execution_samples_by_instance ON execution_samples (instance_id, ts DESC, ordinal DESC);

-- What an entry counts, and of what: with a rate it is converted, to 18 digits behind the point.
CREATE FUNCTION booked_amount(cost cost_entries) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cost.fx_rate IS NULL THEN cost.amount ELSE round(cost.amount * cost.fx_rate, 18) END
$$;
CREATE FUNCTION booked_currency(cost cost_entries) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cost.fx_rate IS NULL THEN coalesce(cost.currency, '') ELSE '' END
$$;

-- The currency that is meant when nobody says: the books' own, or the only one there is.
CREATE FUNCTION main_currency(currencies text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) ELSE '' END
    FROM unnest(currencies) AS currency
$$;
