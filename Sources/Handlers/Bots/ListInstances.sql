-- name: listInstances :many
-- import: Generated
-- in: stale_seconds int8, q text?, instance_id text?, bot_id text?, runtime_mode text(RuntimeMode)?
-- in: status text(InstanceStatus)?, exchange text?, symbol text?, sort text, limit int8, offset int8
-- in: is_descending bool, is_brief bool, books text?, rate_seconds int8
-- out: instance_id text, bot_id text, strategy_name text, runtime_mode text(RuntimeMode), exchange text, symbol text, version text
-- out: status text(InstanceStatus), is_late bool, last_seen timestamptz, last_received_at timestamptz, first_seen timestamptz
-- out: clock_lag float8?, boot_id text?, metadata jsonb, exposed_currencies text[]?, net_exposures text[]?, gross_exposures text[]?
-- out: exposure_as_of timestamptz?
-- out: open_alerts int8, worst_severity text(Severity)?, waiting_commands int8, presence text?, equity_day text[]?
-- out: net_pnl_day numeric?, software text?, strategy_version text?, strategy_hash text?, ui_url text?, symbols text[]?
-- out: account_venues text[]?, account_ids text[]?, account_modes text[]?, currency text?, equity numeric?, net_pnl_today numeric?
-- out: net_pnl_week numeric?, return_today float8?, drawdown float8?, slippage_bps float8?, performance_as_of timestamptz?
-- out: state_cause text(StateCause)?
-- `page` has only the columns that order and filter, so PostgreSQL removes the joins that neither needs. The others are read for its rows.
WITH page AS (
    SELECT
        instance_id, instances.bot_id,
        -- Amounts in the books' currency are first; those that no rate converts follow, by currency.
        CASE WHEN :is_descending THEN -1 ELSE 1 END * CASE :sort
            WHEN 'worst' THEN instance_rank(status, last_seen < (SELECT late_before(:stale_seconds)))
            WHEN 'silent' THEN extract(epoch FROM last_seen)
            WHEN 'recent' THEN -extract(epoch FROM last_seen)
            WHEN 'return_today' THEN return_today
            WHEN 'drawdown' THEN drawdown
            WHEN 'slippage' THEN slippage_bps
            WHEN 'first_seen' THEN extract(epoch FROM instances.created_at)
            WHEN 'clock_lag' THEN clock_lag
            WHEN 'open_alerts' THEN coalesce(alerted.open, 0)
            WHEN 'waiting_commands' THEN coalesce(commanded.waiting, 0)
            WHEN 'net_pnl_today' THEN net_pnl_today * rate
            WHEN 'net_pnl_week' THEN net_pnl_week * rate
            WHEN 'equity' THEN equity * rate
            WHEN 'gross_exposure' THEN gross_exposure * exposure_rate
        END AS place,
        CASE
            WHEN :sort IN ('net_pnl_today', 'net_pnl_week', 'equity') THEN currency
            WHEN :sort = 'gross_exposure' THEN exposure_currency
        END AS unit,
        CASE WHEN :is_descending THEN -1 ELSE 1 END * CASE :sort
            WHEN 'net_pnl_today' THEN net_pnl_today
            WHEN 'net_pnl_week' THEN net_pnl_week
            WHEN 'equity' THEN equity
            WHEN 'gross_exposure' THEN gross_exposure
        END AS amount,
        CASE WHEN NOT :is_descending THEN named.name END AS first_name,
        CASE WHEN :is_descending THEN named.name END AS last_name
    FROM instance_live AS live
    JOIN instances USING (instance_id)
    LEFT JOIN bots USING (bot_id)
    LEFT JOIN instance_profiles AS profile USING (instance_id)
    LEFT JOIN instance_performance USING (instance_id)
    LEFT JOIN (
        SELECT target_id AS instance_id, count(*) AS open
        FROM alerts
        WHERE target_type = 'instance'
            AND status <> 'RESOLVED'
            AND :sort = 'open_alerts'
        GROUP BY target_id
    ) AS alerted USING (instance_id)
    LEFT JOIN (
        SELECT instance_id, count(*) AS waiting
        FROM commands
        WHERE status IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED')
            AND :sort = 'waiting_commands'
        GROUP BY instance_id
    ) AS commanded USING (instance_id)
    CROSS JOIN LATERAL (
        SELECT
            CASE :sort
                WHEN 'bot' THEN bot_id
                WHEN 'mode' THEN runtime_mode
                WHEN 'exchange' THEN exchange
                WHEN 'symbol' THEN symbol
                WHEN 'version' THEN natural_key(version)
                WHEN 'strategy' THEN coalesce(profile.strategy_name, bots.strategy_name)
                WHEN 'software' THEN software
            END AS name,
            instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) AS status
    ) AS named
    WHERE (
            :q IS NULL
            OR strpos(
                lower(
                    concat_ws(' ', instance_id, bot_id, exchange, symbol, version, coalesce(profile.strategy_name, bots.strategy_name))
                ),
                lower(:q)
            ) > 0
        )
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:bot_id IS NULL OR bot_id = :bot_id)
        AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
        AND (:status IS NULL OR status = :status)
        AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
        AND (:symbol IS NULL OR symbol = :symbol)
    ORDER BY place, unit, amount, first_name, last_name DESC NULLS LAST, bot_id, instance_id
    LIMIT :limit
    OFFSET :offset
)
SELECT
    page.instance_id, page.bot_id, coalesce(profile.strategy_name, bots.strategy_name) AS strategy_name, live.runtime_mode, exchange,
    live.symbol, version, instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) AS status,
    last_seen < (SELECT late_before(:stale_seconds)) AS is_late, last_seen, last_received_at, instances.created_at AS first_seen,
    clock_lag, boot.boot_id, metadata, held.exposed_currencies, held.net_exposures, held.gross_exposures, held.as_of AS exposure_as_of,
    alert.open AS open_alerts, alert.worst AS worst_severity, command.waiting AS waiting_commands,
    CASE WHEN NOT :is_brief THEN presence(page.instance_id, 120) END AS presence, equity.points AS equity_day, pnl.change AS net_pnl_day,
    software, strategy_version, strategy_hash, ui_url, symbols, account.venues AS account_venues, account.ids AS account_ids,
    account.modes AS account_modes, performance.currency, performance.equity, net_pnl_today, net_pnl_week, return_today, drawdown,
    slippage_bps, (SELECT nullif(noted_at, '-infinity') FROM performance_horizon) AS performance_as_of, state_cause
FROM page
JOIN instance_live AS live USING (instance_id)
JOIN instances USING (instance_id)
JOIN bots ON bots.bot_id = page.bot_id
LEFT JOIN instance_profiles AS profile USING (instance_id)
LEFT JOIN instance_performance AS performance USING (instance_id)
LEFT JOIN LATERAL (
    SELECT boot_id FROM instance_boots WHERE instance_boots.instance_id = page.instance_id ORDER BY ordinal DESC LIMIT 1
) AS boot ON true
CROSS JOIN LATERAL (
    SELECT
        array_agg(currency ORDER BY currency) AS exposed_currencies,
        array_agg(net::text ORDER BY currency) AS net_exposures,
        array_agg(gross::text ORDER BY currency) AS gross_exposures,
        min(as_of) AS as_of
    FROM exposure_by_currency(ARRAY[page.instance_id], :books)
) AS held
CROSS JOIN LATERAL (
    SELECT
        count(*) AS open,
        (array_agg(severity ORDER BY array_position(ARRAY['CRITICAL', 'WARNING'], severity)))[1] AS worst
    FROM alerts
    WHERE target_type = 'instance'
        AND target_id = page.instance_id
        AND alerts.status <> 'RESOLVED'
) AS alert
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting
    FROM commands
    WHERE commands.instance_id = page.instance_id
        AND commands.status IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED')
) AS command
CROSS JOIN LATERAL (
    SELECT
        array_agg(venue ORDER BY venue, account_id) AS venues,
        array_agg(account_id ORDER BY venue, account_id) AS ids,
        array_agg(known.runtime_mode ORDER BY venue, account_id) AS modes
    FROM instance_accounts AS known
    WHERE known.instance_id = page.instance_id
) AS account
LEFT JOIN LATERAL (
    WITH series AS (
        SELECT series_id, named_currency(currency, :books) AS currency, newest.ts, newest.value
        FROM metric_series
        JOIN metric_latest AS newest USING (series_id)
        WHERE metric_series.instance_id = page.instance_id
            AND metric_type = 'equity'
    ),
    point AS (
        SELECT hour.ts, sum(last) AS equity, count(*) AS series
        FROM series
        JOIN metric_1h AS hour USING (series_id)
        WHERE hour.ts >= date_trunc('hour', now(), 'UTC') - interval '24 hours'
            AND hour.ts < date_trunc('hour', now(), 'UTC')
        GROUP BY hour.ts
        UNION ALL
        SELECT date_trunc('hour', now(), 'UTC'), sum(value), count(*)
        FROM series
        WHERE ts >= date_trunc('hour', now(), 'UTC') - interval '24 hours'
    )
    SELECT array_agg(CASE WHEN point.series = (SELECT count(*) FROM series) THEN equity::text ELSE '' END ORDER BY start) AS points
    FROM generate_series(
        date_trunc('hour', now(), 'UTC') - interval '24 hours', date_trunc('hour', now(), 'UTC'), interval '1 hour'
    ) AS start
    LEFT JOIN point ON point.ts = start
    WHERE (SELECT count(DISTINCT currency) FROM series) = 1
) AS equity ON NOT :is_brief
LEFT JOIN LATERAL (
    SELECT
        CASE
            WHEN :books IS NOT NULL OR count(DISTINCT part.currency) = 1
                THEN nullif(sum(in_books(amount, CASE WHEN part.currency = coalesce(:books, part.currency) THEN 1 ELSE rate END)), 'NaN')
        END AS change
    FROM (
        SELECT
            named_currency(currency, :books) AS currency,
            newest.value - coalesce(
                (
                    SELECT value
                    FROM metric_history AS history
                    WHERE history.series_id = series.series_id
                        AND history.ts <= now() - interval '24 hours'
                    ORDER BY history.ts DESC
                    LIMIT 1
                ),
                0
            ) AS amount
        FROM metric_series AS series
        JOIN metric_latest AS newest USING (series_id)
        WHERE series.instance_id = page.instance_id
            AND metric_type IN ('realized_pnl', 'unrealized_pnl')
        UNION ALL
        SELECT
            named_currency(booked_currency(cost), :books),
            CASE cost_type WHEN 'FEE' THEN -booked_amount(cost) ELSE booked_amount(cost) END
        FROM cost_entries AS cost
        WHERE cost.instance_id = page.instance_id
            AND ts > now() - interval '24 hours'
    ) AS part
    LEFT JOIN usable_rates(:books, :rate_seconds) AS known ON known.currency = part.currency
) AS pnl ON NOT :is_brief
ORDER BY place, unit, amount, first_name, last_name DESC NULLS LAST, page.bot_id, page.instance_id

-- name: countInstances :one
-- import: Generated
-- in: stale_seconds int8, q text?, instance_id text?, bot_id text?, runtime_mode text(RuntimeMode)?
-- in: status text(InstanceStatus)?, exchange text?, symbol text?
-- out: count int8
SELECT count(*)
FROM instance_live
LEFT JOIN instances USING (instance_id)
LEFT JOIN bots USING (bot_id)
LEFT JOIN instance_profiles AS profile USING (instance_id)
WHERE (
        :q IS NULL
        OR strpos(
            lower(
                concat_ws(' ', instance_id, bot_id, exchange, symbol, version, coalesce(profile.strategy_name, bots.strategy_name))
            ),
            lower(:q)
        ) > 0
    )
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
    AND (:status IS NULL OR instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) = :status)
    AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
    AND (:symbol IS NULL OR symbol = :symbol)
