-- Commits a message in the write-ahead log (PostgreSQL manual, 9.28.6), which needs no table and leaves nothing behind. False if statements
-- of this user may not write, as on a standby. And the database's time.
-- name: probeWrites :one
-- out: is_written bool, time timestamptz
SELECT
    CASE
        WHEN current_setting('transaction_read_only')::bool THEN FALSE
        ELSE pg_logical_emit_message(TRUE, 'flotilla', '') IS NOT NULL
    END AS is_written,
    clock_timestamp() AS time
