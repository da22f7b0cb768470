-- name: listInstances :many
-- import: Generated
-- in: lost_before timestamptz, late_before timestamptz, q text?, instance_id text?, bot_id text?, runtime_mode text(RuntimeMode)?
-- in: status text(InstanceStatus)?, exchange text?, symbol text?, sort text, limit int8, offset int8
-- out: instance_id text, bot_id text, strategy_name text, runtime_mode text(RuntimeMode), exchange text, symbol text, version text
-- out: status text(InstanceStatus), is_late bool, last_seen timestamptz, last_received_at timestamptz, first_seen timestamptz
-- out: clock_lag float8?, boot_id text?, metadata jsonb, net_exposure numeric?, gross_exposure numeric?, exposure_as_of timestamptz?
-- out: open_alerts int8, worst_severity text(Severity)?, waiting_commands int8, presence text
WITH instance AS (
    SELECT
        live.*, instances.bot_id, strategy_name, instances.created_at,
        instance_status(state, last_seen, :lost_before) AS status,
        last_seen < :late_before AS is_late
    FROM instance_live AS live
    JOIN instances USING (instance_id)
    JOIN bots ON bots.bot_id = instances.bot_id
),
page AS (
    SELECT
        *,
        CASE :sort
            WHEN 'worst' THEN instance_rank(status, is_late)
            WHEN 'silent' THEN extract(epoch FROM last_seen)
            WHEN 'recent' THEN -extract(epoch FROM last_seen)
        END AS place
    FROM instance
    WHERE (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id, exchange, symbol, version, strategy_name)), lower(:q)) > 0)
        AND (:instance_id IS NULL OR instance_id = :instance_id)
        AND (:bot_id IS NULL OR bot_id = :bot_id)
        AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
        AND (:status IS NULL OR status = :status)
        AND (:exchange IS NULL OR exchange = :exchange)
        AND (:symbol IS NULL OR symbol = :symbol)
    ORDER BY place, bot_id, instance_id
    LIMIT :limit
    OFFSET :offset
)
SELECT
    page.instance_id, bot_id, strategy_name, runtime_mode, exchange, symbol, version, status, is_late, last_seen, last_received_at,
    page.created_at, clock_lag, boot.boot_id, metadata, held.net, held.gross, held.as_of, alert.open, alert.worst, command.waiting,
    presence(page.instance_id, 120)
FROM page
LEFT JOIN LATERAL (
    SELECT boot_id FROM instance_boots WHERE instance_boots.instance_id = page.instance_id ORDER BY ordinal DESC LIMIT 1
) AS boot ON true
CROSS JOIN LATERAL (
    SELECT sum(net_exposure) AS net, sum(gross_exposure) AS gross, min(updated_at) AS as_of
    FROM positions
    WHERE positions.instance_id = page.instance_id
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
ORDER BY place, bot_id, instance_id

-- name: countInstances :one
-- import: Generated
-- in: lost_before timestamptz, q text?, instance_id text?, bot_id text?, runtime_mode text(RuntimeMode)?
-- in: status text(InstanceStatus)?, exchange text?, symbol text?
-- out: count int8
SELECT count(*)
FROM instance_live
JOIN instances USING (instance_id)
JOIN bots USING (bot_id)
WHERE (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id, exchange, symbol, version, strategy_name)), lower(:q)) > 0)
    AND (:instance_id IS NULL OR instance_id = :instance_id)
    AND (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
    AND (:status IS NULL OR instance_status(state, last_seen, :lost_before) = :status)
    AND (:exchange IS NULL OR exchange = :exchange)
    AND (:symbol IS NULL OR symbol = :symbol)
