-- Running sums of cost entries.

-- The amount of a cost entry as it is summed: with a rate it is converted, rounded to 18 decimal places.
CREATE OR REPLACE FUNCTION booked_amount(cost cost_entries) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cost.fx_rate IS NULL THEN cost.amount ELSE round(cost.amount * cost.fx_rate, 18) END
$$;

-- The currency in which a cost entry is summed: the books' (an empty text) if the entry has a rate or no currency.
CREATE OR REPLACE FUNCTION booked_currency(cost cost_entries) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN cost.fx_rate IS NULL THEN coalesce(cost.currency, '') ELSE '' END
$$;

-- Adds to the balances all entries of transactions below the oldest running one. Reads add the others (`unsummed_costs`), so totals are
-- always exact. In a restored database it adds all unsummed entries and notes the last ordinal, because their transaction numbers belong to
-- another cluster.
CREATE OR REPLACE FUNCTION sum_costs() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_restored bool;
    complete xid8;
BEGIN
    is_restored := lock_sum('costs', 'cost_entries');
    -- A separate statement sees rows that committed while this one waited for the lock.
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
    INSERT INTO late_days
    SELECT DISTINCT instance_id, (ts AT TIME ZONE 'UTC')::date AS day
    FROM unsummed_costs
    WHERE (xid < complete OR is_restored)
        AND ts < date_trunc('day', now(), 'UTC') - interval '1 day'
    ORDER BY instance_id, day
    ON CONFLICT DO NOTHING;
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
