-- name: serviceHealth :one
-- out: as_of timestamptz?, servers int8, requests int8?, failures int8?, pending int8, retrying int8, failed int8
SELECT
    min(noted_at) AS as_of, count(*) AS servers, sum(requests)::int8 AS requests, sum(failures)::int8 AS failures,
    (SELECT count(*) FROM notification_deliveries WHERE status = 'PENDING') AS pending,
    (SELECT count(*) FROM notification_deliveries WHERE status = 'PENDING' AND last_error IS NOT NULL) AS retrying,
    (SELECT count(*) FROM notification_deliveries WHERE status = 'DEAD') AS failed
FROM ingest_counts
WHERE noted_at > now() - interval '150 seconds'
