-- The performance of instances, noted every half minute: lists are sorted by it, and thousands of instances cannot be computed for each
-- request.

-- The parts of the net PnL of some instances at a time, by currency: the newest values of profit before it, and the costs before it. An
-- instance that had reported nothing has no row.
CREATE OR REPLACE FUNCTION pnl_at(ids text[], at timestamptz)
RETURNS TABLE (instance_id text, currency text, realized numeric, unrealized numeric, fees numeric, funding numeric)
LANGUAGE sql STABLE AS $$
    SELECT
        instance_id,
        currency,
        coalesce(sum(amount) FILTER (WHERE kind = 'realized_pnl'), 0),
        coalesce(sum(amount) FILTER (WHERE kind = 'unrealized_pnl'), 0),
        coalesce(sum(amount) FILTER (WHERE kind = 'FEE'), 0),
        coalesce(sum(amount) FILTER (WHERE kind = 'FUNDING'), 0)
    FROM (
        SELECT series.instance_id, series.currency, metric_type AS kind, earlier.value AS amount
        FROM metric_series AS series
        CROSS JOIN LATERAL (
            SELECT value
            FROM metric_history AS history
            WHERE history.series_id = series.series_id
                AND history.ts < at
            ORDER BY history.ts DESC
            LIMIT 1
        ) AS earlier
        WHERE series.instance_id = ANY (ids)
            AND metric_type IN ('realized_pnl', 'unrealized_pnl')
        UNION ALL
        SELECT instance_id, currency, cost_type, amount FROM cost_sums WHERE instance_id = ANY (ids)
        UNION ALL
        -- Costs since then are subtracted: there are few of them.
        SELECT instance_id, booked_currency(cost), cost_type, -booked_amount(cost)
        FROM cost_entries AS cost
        WHERE instance_id = ANY (ids)
            AND ts >= at
    ) AS part
    GROUP BY instance_id, currency
$$;

-- The equity of an instance in a currency at a time; null if one of its series had not begun.
CREATE OR REPLACE FUNCTION equity_at(instance text, of_currency text, at timestamptz) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN count(*) = count(value) THEN sum(value) END
    FROM metric_series AS series
    LEFT JOIN LATERAL (
        SELECT value
        FROM metric_history AS history
        WHERE history.series_id = series.series_id
            AND history.ts < at
        ORDER BY history.ts DESC
        LIMIT 1
    ) AS earlier ON true
    WHERE series.instance_id = instance
        AND series.currency = of_currency
        AND metric_type = 'equity'
$$;

-- Notes the changes of the net PnL of some instances on a day that has ended, under the mode that each has now.
CREATE OR REPLACE FUNCTION note_pnl_day(ids text[], of_day date) RETURNS void LANGUAGE sql AS $$
    INSERT INTO pnl_days AS known (day, instance_id, currency, runtime_mode, realized, unrealized, fees, funding)
    SELECT
        of_day, finish.instance_id, finish.currency, runtime_mode, finish.realized - coalesce(start.realized, 0),
        finish.unrealized - coalesce(start.unrealized, 0), finish.fees - coalesce(start.fees, 0), finish.funding - coalesce(start.funding, 0)
    FROM pnl_at(ids, (of_day + 1)::timestamp AT TIME ZONE 'UTC') AS finish
    LEFT JOIN pnl_at(ids, of_day::timestamp AT TIME ZONE 'UTC') AS start USING (instance_id, currency)
    JOIN instance_live USING (instance_id)
    WHERE (finish.realized, finish.unrealized, finish.fees, finish.funding)
        IS DISTINCT FROM (coalesce(start.realized, 0), coalesce(start.unrealized, 0), coalesce(start.fees, 0), coalesce(start.funding, 0))
        -- A late report can undo a change.
        OR EXISTS (SELECT FROM pnl_days AS day WHERE (day.day, day.instance_id, day.currency) = (of_day, finish.instance_id, finish.currency))
    ON CONFLICT (day, instance_id, currency) DO UPDATE SET
        realized = excluded.realized,
        unrealized = excluded.unrealized,
        fees = excluded.fees,
        funding = excluded.funding
$$;

-- Notes the amounts of some instances, by currency. Those of the past are computed again once an hour, because late reports change them.
-- The first time, the last 30 days are noted, of up to 20 instances per call, because each has some sixty times to look up.
CREATE OR REPLACE FUNCTION note_performance_parts(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    today CONSTANT timestamptz := date_trunc('day', now(), 'UTC');
    due text[];
    fresh text[];
BEGIN
    INSERT INTO performance_parts AS known (instance_id, currency, realized, unrealized, fees, funding, equity, peak)
    SELECT
        instance_id,
        currency,
        sum(value) FILTER (WHERE kind = 'realized_pnl'),
        sum(value) FILTER (WHERE kind = 'unrealized_pnl'),
        sum(value) FILTER (WHERE kind = 'FEE'),
        sum(value) FILTER (WHERE kind = 'FUNDING'),
        sum(value) FILTER (WHERE kind = 'equity'),
        sum(value) FILTER (WHERE kind = 'equity')
    FROM (
        SELECT series.instance_id, series.currency, metric_type AS kind, value
        FROM metric_series AS series
        JOIN metric_latest USING (series_id)
        WHERE series.instance_id = ANY (ids)
            AND metric_type IN ('realized_pnl', 'unrealized_pnl', 'equity')
        UNION ALL
        SELECT instance_id, currency, cost_type, amount FROM cost_sums WHERE instance_id = ANY (ids)
    ) AS part
    GROUP BY instance_id, currency
    ON CONFLICT (instance_id, currency) DO UPDATE SET
        realized = excluded.realized,
        unrealized = excluded.unrealized,
        fees = excluded.fees,
        funding = excluded.funding,
        equity = excluded.equity,
        peak = greatest(known.peak, excluded.peak)
    WHERE (known.realized, known.unrealized, known.fees, known.funding, known.equity)
        IS DISTINCT FROM (excluded.realized, excluded.unrealized, excluded.fees, excluded.funding, excluded.equity);

    due := ARRAY (
        SELECT DISTINCT instance_id
        FROM performance_parts
        WHERE instance_id = ANY (ids)
            AND marked_at < greatest(today, now() - interval '1 hour')
            AND marked_at <> '-infinity'
    );
    fresh := ARRAY (SELECT DISTINCT instance_id FROM performance_parts WHERE instance_id = ANY (ids) AND marked_at = '-infinity' LIMIT 20);
    due := due || fresh;
    IF cardinality(due) = 0 THEN RETURN; END IF;
    PERFORM note_pnl_day(due, (now() AT TIME ZONE 'UTC')::date - 1);
    IF cardinality(fresh) > 0 THEN
        PERFORM note_pnl_day(fresh, (now() AT TIME ZONE 'UTC')::date - ago) FROM generate_series(2, 30) AS ago;
    END IF;
    UPDATE performance_parts AS known
    SET realized_today = coalesce(start.realized, 0),
        unrealized_today = coalesce(start.unrealized, 0),
        fees_today = coalesce(start.fees, 0),
        funding_today = coalesce(start.funding, 0),
        net_week = coalesce(week.realized + week.unrealized - week.fees + week.funding, 0),
        equity_today = equity_at(known.instance_id, known.currency, today),
        marked_at = now()
    FROM performance_parts AS part
    LEFT JOIN pnl_at(due, today) AS start USING (instance_id, currency)
    LEFT JOIN pnl_at(due, today - interval '6 days') AS week USING (instance_id, currency)
    WHERE part.instance_id = ANY (due)
        AND (known.instance_id, known.currency) = (part.instance_id, part.currency);
END
$$;

-- Notes the performance of some instances: in their only currency, or else converted into the books' currency. An amount that no rate
-- converts makes a sum null.
CREATE OR REPLACE FUNCTION note_performance_of(ids text[], books text, max_seconds int8) RETURNS void LANGUAGE sql AS $$
    WITH rated AS MATERIALIZED (
        SELECT currency, rate FROM usable_rates(books, max_seconds)
        UNION ALL
        SELECT books, 1 WHERE books IS NOT NULL
    ),
    earned AS (
        SELECT instance_id, named_currency(currency, books) AS name, net_today, net - net_week AS net_week, equity, equity_today, peak
        FROM performance
        WHERE instance_id = ANY (ids)
    ),
    earned_in AS (
        SELECT instance_id, CASE WHEN min(name) = max(name) THEN min(name) ELSE books END AS unit, min(name) = max(name) AS is_single
        FROM earned
        GROUP BY instance_id
    ),
    profit AS (
        SELECT
            instance_id,
            unit,
            nullif(sum(in_books(net_today, factor)) FILTER (WHERE net_today IS NOT NULL), 'NaN') AS today,
            nullif(sum(in_books(net_week, factor)) FILTER (WHERE net_week IS NOT NULL), 'NaN') AS week,
            nullif(sum(in_books(equity, factor)) FILTER (WHERE equity IS NOT NULL), 'NaN') AS equity,
            nullif(sum(in_books(equity_today, factor)) FILTER (WHERE equity_today IS NOT NULL), 'NaN') AS equity_today,
            CASE WHEN is_single AND sum(peak) > 0 THEN (sum(peak) - sum(equity)) / sum(peak) END AS drawdown
        FROM (
            SELECT earned.*, unit, is_single, CASE WHEN name = unit THEN 1 ELSE rate END AS factor
            FROM earned
            JOIN earned_in USING (instance_id)
            LEFT JOIN rated ON rated.currency = name
        ) AS valued
        GROUP BY instance_id, unit, is_single
    ),
    held AS (
        SELECT
            instance_id,
            CASE WHEN min(name) = max(name) THEN min(name) ELSE books END AS unit,
            CASE
                WHEN min(name) = max(name) THEN sum(gross_exposure)
                ELSE nullif(sum(in_books(gross_exposure, rate)), 'NaN')
            END AS gross
        FROM (
            SELECT *, named_currency(position.currency, books) AS name FROM positions AS position WHERE instance_id = ANY (ids)
        ) AS position
        LEFT JOIN rated ON rated.currency = name
        GROUP BY instance_id
    )
    INSERT INTO instance_performance AS known
    SELECT
        instance.instance_id, profit.unit, earning.rate, equity, today, week,
        CASE WHEN equity_today > 0 THEN today / equity_today END::float8, drawdown::float8, gross, held.unit, holding.rate,
        (slippage / samples)::float8
    FROM unnest(ids) AS instance (instance_id)
    LEFT JOIN profit USING (instance_id)
    LEFT JOIN rated AS earning ON earning.currency = profit.unit
    LEFT JOIN held USING (instance_id)
    LEFT JOIN rated AS holding ON holding.currency = held.unit
    LEFT JOIN execution_days AS execution ON execution.instance_id = instance.instance_id AND day = (now() AT TIME ZONE 'UTC')::date
    ON CONFLICT (instance_id) DO UPDATE SET
        currency = excluded.currency,
        rate = excluded.rate,
        equity = excluded.equity,
        net_pnl_today = excluded.net_pnl_today,
        net_pnl_week = excluded.net_pnl_week,
        return_today = excluded.return_today,
        drawdown = excluded.drawdown,
        gross_exposure = excluded.gross_exposure,
        exposure_currency = excluded.exposure_currency,
        exposure_rate = excluded.exposure_rate,
        slippage_bps = excluded.slippage_bps
    WHERE known.* IS DISTINCT FROM excluded.*
$$;

-- Notes the performance of up to `most` instances after `after`, in the order of their ids. Returns the last of them; null if there are no
-- more, or if a pass ended less than 25 seconds ago.
CREATE OR REPLACE FUNCTION note_performance(after text, most int8, books text, max_seconds int8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    ids text[];
    last_id text;
BEGIN
    IF after = '' AND EXISTS (SELECT FROM performance_horizon WHERE noted_at > now() - interval '25 seconds') THEN RETURN NULL; END IF;
    ids := ARRAY (SELECT instance_id FROM instance_live WHERE instance_id > after ORDER BY instance_id LIMIT most);
    last_id := CASE WHEN cardinality(ids) = most THEN ids[most] END;
    DELETE FROM performance_parts
    WHERE instance_id > after
        AND (instance_id <= last_id OR last_id IS NULL)
        AND instance_id <> ALL (ids);
    DELETE FROM instance_performance
    WHERE instance_id > after
        AND (instance_id <= last_id OR last_id IS NULL)
        AND instance_id <> ALL (ids);
    PERFORM note_performance_parts(ids);
    PERFORM note_performance_of(ids, books, max_seconds);
    IF last_id IS NULL THEN
        UPDATE performance_horizon SET noted_at = now();
        DELETE FROM pnl_days WHERE day < (now() AT TIME ZONE 'UTC')::date - 400;
    END IF;
    RETURN last_id;
END
$$;
