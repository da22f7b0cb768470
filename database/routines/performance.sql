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

-- Notes the changes of the net PnL of some instances on each day from `since` to yesterday, under the mode that each has now. The amounts when
-- this day began are those of performance_parts; the others are looked up once for each midnight.
CREATE OR REPLACE FUNCTION note_pnl_days(ids text[], since date) RETURNS void LANGUAGE sql AS $$
    WITH midnight AS MATERIALIZED (
        SELECT day::date AS day, part.*
        FROM generate_series(since::timestamp, (now() AT TIME ZONE 'UTC')::date - 1, interval '1 day') AS day
        CROSS JOIN LATERAL pnl_at(ids, day AT TIME ZONE 'UTC') AS part
        UNION ALL
        SELECT (now() AT TIME ZONE 'UTC')::date, instance_id, currency, realized_today, unrealized_today, fees_today, funding_today
        FROM performance_parts
        WHERE instance_id = ANY (ids)
    )
    INSERT INTO pnl_days AS known (day, instance_id, currency, runtime_mode, realized, unrealized, fees, funding)
    SELECT
        finish.day - 1, finish.instance_id, finish.currency, runtime_mode, finish.realized - coalesce(start.realized, 0),
        finish.unrealized - coalesce(start.unrealized, 0), finish.fees - coalesce(start.fees, 0), finish.funding - coalesce(start.funding, 0)
    FROM midnight AS finish
    LEFT JOIN midnight AS start ON (start.day, start.instance_id, start.currency) = (finish.day - 1, finish.instance_id, finish.currency)
    JOIN instance_live ON instance_live.instance_id = finish.instance_id
    WHERE finish.day > since
        AND (
            (finish.realized, finish.unrealized, finish.fees, finish.funding) IS DISTINCT FROM
                (coalesce(start.realized, 0), coalesce(start.unrealized, 0), coalesce(start.fees, 0), coalesce(start.funding, 0))
            -- A late report can undo a change.
            OR EXISTS (
                SELECT
                FROM pnl_days AS noted
                WHERE (noted.day, noted.instance_id, noted.currency) = (finish.day - 1, finish.instance_id, finish.currency)
            )
        )
    ON CONFLICT (day, instance_id, currency) DO UPDATE SET
        realized = excluded.realized,
        unrealized = excluded.unrealized,
        fees = excluded.fees,
        funding = excluded.funding
$$;

-- Notes the amounts of some instances, by currency. Those of the past are computed again once an hour, because late reports change them; days
-- on which no server ran are computed then, too. The first time, the last 30 days are noted, of up to 20 instances per call; as many instances
-- with reports for earlier days (`late_days`) are computed again from the first of these days on.
CREATE OR REPLACE FUNCTION note_performance_parts(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    today CONSTANT timestamptz := date_trunc('day', now(), 'UTC');
    yesterday CONSTANT date := (now() AT TIME ZONE 'UTC')::date - 1;
    due text[];
    fresh text[];
    late text[];
    since date;
    late_since date;
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

    SELECT array_agg(DISTINCT instance_id), least(yesterday, (min(marked_at) AT TIME ZONE 'UTC')::date)
    INTO due, since
    FROM performance_parts
    WHERE instance_id = ANY (ids)
        AND marked_at < greatest(today, now() - interval '1 hour')
        AND marked_at <> '-infinity';
    fresh := ARRAY (SELECT DISTINCT instance_id FROM performance_parts WHERE instance_id = ANY (ids) AND marked_at = '-infinity' LIMIT 20);
    late := ARRAY (
        SELECT DISTINCT instance_id
        FROM late_days
        WHERE instance_id = ANY (ids)
            AND NOT EXISTS (
                SELECT
                FROM performance_parts AS part
                WHERE part.instance_id = late_days.instance_id
                    AND marked_at = '-infinity'
            )
        LIMIT 20
    );
    IF due IS NULL AND cardinality(fresh || late) = 0 THEN RETURN; END IF;
    -- A report that arrives from now on adds its day again.
    WITH removed AS (
        DELETE FROM late_days WHERE instance_id = ANY (late) RETURNING day
    )
    SELECT min(day) INTO late_since FROM removed;
    UPDATE performance_parts AS known
    SET realized_today = coalesce(start.realized, 0),
        unrealized_today = coalesce(start.unrealized, 0),
        fees_today = coalesce(start.fees, 0),
        funding_today = coalesce(start.funding, 0),
        net_week = coalesce(week.realized + week.unrealized - week.fees + week.funding, 0),
        equity_today = equity_at(known.instance_id, known.currency, today),
        marked_at = now()
    FROM performance_parts AS part
    LEFT JOIN pnl_at(due || fresh || late, today) AS start USING (instance_id, currency)
    LEFT JOIN pnl_at(due || fresh || late, today - interval '6 days') AS week USING (instance_id, currency)
    WHERE part.instance_id = ANY (due || fresh || late)
        AND (known.instance_id, known.currency) = (part.instance_id, part.currency);
    PERFORM note_pnl_days(due, greatest(since, yesterday - 29));
    PERFORM note_pnl_days(fresh, yesterday - 29);
    PERFORM note_pnl_days(late, greatest(late_since, yesterday - 399)) WHERE late_since IS NOT NULL;
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
        DELETE FROM late_days WHERE NOT EXISTS (SELECT FROM instance_live AS live WHERE live.instance_id = late_days.instance_id);
    END IF;
    RETURN last_id;
END
$$;

-- The entries that changed the net PnL of a day by one kind (REALIZED, UNREALIZED, FEE, FUNDING), of the instances that have such a change:
-- cost entries, or samples with their difference to the previous one of their series.
CREATE OR REPLACE FUNCTION pnl_entries(of_day date, of_kind text, of_mode text, of_currency text, of_instance text, books text)
RETURNS TABLE (
    instance_id text, bot_id text, runtime_mode text, symbol text, currency text, amount numeric, ts timestamptz, value numeric,
    previous numeric, fx_rate numeric, ordinal int8, entry_id text
)
LANGUAGE sql STABLE AS $$
    SELECT
        changed.instance_id, instances.bot_id, changed.runtime_mode, entry.symbol, named_currency(changed.currency, books), entry.amount,
        entry.ts, entry.value, entry.previous, entry.fx_rate, entry.ordinal, entry.entry_id
    FROM (
        SELECT *
        FROM pnl_changes_of(of_day, of_kind, of_mode, of_currency, of_instance, books)
        ORDER BY instance_id
    ) AS changed
    LEFT JOIN instances ON instances.instance_id = changed.instance_id AND deleted_at IS NULL
    CROSS JOIN LATERAL (
        SELECT series.symbol, sample.value - coalesce(sample.previous, 0), sample.ts, sample.value, sample.previous, NULL, NULL, NULL
        FROM metric_series AS series
        CROSS JOIN LATERAL (
            SELECT
                history.ts,
                history.value,
                coalesce(
                    lag(history.value) OVER (ORDER BY history.ts),
                    (
                        SELECT before.value
                        FROM metric_history AS before
                        WHERE before.series_id = series.series_id
                            AND before.ts < of_day::timestamp AT TIME ZONE 'UTC'
                        ORDER BY before.ts DESC
                        LIMIT 1
                    )
                ) AS previous
            FROM metric_history AS history
            WHERE history.series_id = series.series_id
                AND history.ts >= of_day::timestamp AT TIME ZONE 'UTC'
                AND history.ts < (of_day + 1)::timestamp AT TIME ZONE 'UTC'
        ) AS sample
        WHERE of_kind IN ('REALIZED', 'UNREALIZED')
            AND series.instance_id = changed.instance_id
            AND series.currency = changed.currency
            AND series.metric_type = lower(of_kind) || '_pnl'
            AND sample.value <> coalesce(sample.previous, 0)
        UNION ALL
        SELECT
            cost.symbol, booked_amount(cost) * CASE of_kind WHEN 'FEE' THEN -1 ELSE 1 END, cost.ts, cost.amount, NULL, cost.fx_rate,
            cost.ordinal, cost.entry_id
        FROM cost_entries AS cost
        WHERE cost.instance_id = changed.instance_id
            AND cost.cost_type = of_kind
            AND booked_currency(cost) = changed.currency
            AND cost.ts >= of_day::timestamp AT TIME ZONE 'UTC'
            AND cost.ts < (of_day + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS entry (symbol, amount, ts, value, previous, fx_rate, ordinal, entry_id)
$$;

-- The noted changes of a day of one kind that are not 0. Fees reduce the net PnL.
CREATE OR REPLACE FUNCTION pnl_changes_of(of_day date, of_kind text, of_mode text, of_currency text, of_instance text, books text)
RETURNS TABLE (instance_id text, currency text, runtime_mode text, amount numeric)
LANGUAGE sql STABLE AS $$
    SELECT changed.instance_id, changed.currency, changed.runtime_mode, kind.amount
    FROM pnl_changes AS changed
    CROSS JOIN LATERAL (
        SELECT CASE of_kind
            WHEN 'REALIZED' THEN realized
            WHEN 'UNREALIZED' THEN unrealized
            WHEN 'FEE' THEN -fees
            WHEN 'FUNDING' THEN funding
        END AS amount
    ) AS kind
    WHERE day = of_day
        AND (of_mode IS NULL OR changed.runtime_mode = of_mode)
        AND (of_currency IS NULL OR named_currency(changed.currency, books) = of_currency)
        AND (of_instance IS NULL OR changed.instance_id = of_instance)
        AND kind.amount <> 0
$$;
