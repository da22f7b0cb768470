-- The instances that match a fleet query.
-- name: findInstances :many
-- import: Generated
-- in: stale_seconds int8, instance_ids text[]?, bot_id text?, runtime_mode text(RuntimeMode)?, exchange text?, symbol text?
-- in: status text(InstanceStatus)?, q text?
-- out: instance_id text, runtime_mode text(RuntimeMode)
SELECT instance_id, runtime_mode
FROM instance_live
JOIN instances USING (instance_id)
JOIN bots USING (bot_id)
WHERE (:instance_ids IS NULL OR instance_id = ANY (:instance_ids))
    AND (:bot_id IS NULL OR bot_id = :bot_id)
    AND (:runtime_mode IS NULL OR runtime_mode = :runtime_mode)
    AND (:exchange IS NULL OR exchange_key(exchange) = exchange_key(:exchange))
    AND (:symbol IS NULL OR symbol = :symbol)
    AND (:status IS NULL OR instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) = :status)
    AND (:q IS NULL OR strpos(lower(concat_ws(' ', instance_id, bot_id, exchange, symbol, version, strategy_name)), lower(:q)) > 0)
ORDER BY instance_id

-- The symbols and the exposure of instances.
-- name: instancesTogether :one
-- in: instance_ids text[], books text?
-- out: symbols text[], exposed_currencies text[]?, net_exposures text[]?, gross_exposures text[]?
SELECT
    (SELECT coalesce(array_agg(DISTINCT symbol ORDER BY symbol), '{}') FROM instance_live WHERE instance_id = ANY (:instance_ids)) AS symbols,
    array_agg(currency ORDER BY currency) AS exposed_currencies,
    array_agg(net::text ORDER BY currency) AS net_exposures,
    array_agg(gross::text ORDER BY currency) AS gross_exposures
FROM exposure_by_currency(:instance_ids, :books)

-- The state of instances that a command would reach.
-- name: targetedInstances :many
-- in: stale_seconds int8, instance_ids text[], books text?
-- out: instance_id text, bot_id text, runtime_mode text(RuntimeMode), symbol text, status text(InstanceStatus), is_late bool
-- out: exposed_currencies text[]?, net_exposures text[]?, gross_exposures text[]?
SELECT
    instance_id, bot_id, runtime_mode, symbol, instance_status(state, last_seen, (SELECT lost_before(:stale_seconds))) AS status,
    last_seen < (SELECT late_before(:stale_seconds)) AS is_late, exposed_currencies, net_exposures, gross_exposures
FROM instance_live
JOIN instances USING (instance_id)
CROSS JOIN LATERAL (
    SELECT
        array_agg(currency ORDER BY currency) AS exposed_currencies,
        array_agg(net::text ORDER BY currency) AS net_exposures,
        array_agg(gross::text ORDER BY currency) AS gross_exposures
    FROM exposure_by_currency(ARRAY[instance_live.instance_id], :books)
) AS held
WHERE instance_id = ANY (:instance_ids)
ORDER BY instance_id

-- Stores a command for each of these instances with its status, and an audit entry for each.
-- name: insertCommands :many
-- in: instance_ids text[], command_type text(CommandType), ttl_seconds int8, payload jsonb, is_critical bool, reason text?, actor text
-- in: statuses text[], bulk_id uuid, address text?
-- out: instance_id text, runtime_mode text(RuntimeMode), command_id uuid, status text(CommandStatus), expires_at timestamptz, payload jsonb
WITH target AS MATERIALIZED (
    SELECT instance_id, runtime_mode, gen_random_uuid() AS command_id, chosen.status
    FROM unnest(:instance_ids::text[], :statuses::text[]) AS chosen (instance_id, status)
    JOIN instance_live USING (instance_id)
),
stored AS (
    INSERT INTO commands
        (command_id, instance_id, command_type, issued_at, expires_at, payload, is_critical, reason, created_by, created_at, status, bulk_id)
    SELECT
        command_id, instance_id, :command_type, statement_timestamp(),
        statement_timestamp() + :ttl_seconds::int8 * interval '1 second', :payload, :is_critical, :reason, :actor, statement_timestamp(),
        status, :bulk_id
    FROM target
    ORDER BY instance_id
    RETURNING command_id, instance_id, issued_at, expires_at, payload, status
),
audited AS (
    INSERT INTO audit_log (actor, action, target_type, target_id, result, details)
    SELECT
        :actor, 'COMMAND_CREATE', 'command', command_id::text, 'SUCCESS',
        jsonb_strip_nulls(
            jsonb_build_object(
                'type', :command_type, 'instance_id', instance_id, 'reason', :reason, 'address', :address,
                'expires_at', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'bulk', true
            )
        ) || command_evidence(payload, issued_at, expires_at)
    FROM stored
)
SELECT target.instance_id, runtime_mode, command_id, stored.status, expires_at, payload
FROM target
JOIN stored USING (command_id)
ORDER BY instance_id
