-- By how many seconds a standby is behind (PostgreSQL manual, 9.27.4, "Recovery Information Functions"). One that has replayed all that it
-- has received is not behind, however long nothing was written.
-- name: replayLag :one
-- out: seconds float8
SELECT CASE
    WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8, 0)
END
