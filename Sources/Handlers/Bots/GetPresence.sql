-- Returns no row for an unknown instance.
-- name: presence :optional
-- in: instance_id text, count int4
-- out: slots text, until timestamptz
SELECT presence(instance_id, :count) AS slots, greatest(noted, '2000-01-03') + interval '30 seconds' AS until
FROM instances
CROSS JOIN presence_horizon
WHERE instance_id = :instance_id
