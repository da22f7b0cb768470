-- Shared by the running sums of costs and of executions.

-- Identifies this database among all databases of all clusters.
CREATE OR REPLACE FUNCTION database_identity() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT system_identifier || '/' || oid
    FROM pg_control_system()
    CROSS JOIN pg_database
    WHERE datname = current_database()
$$;

-- A transaction number that no visible row reaches. Unknown, and so the highest number, between a restore and the next update of the sum.
CREATE OR REPLACE FUNCTION transactions_end(of_sum text) RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN home = database_identity() THEN pg_snapshot_xmax(pg_current_snapshot()) ELSE '18446744073709551615' END
    FROM sum_horizons
    WHERE name = of_sum
$$;

-- Locks a sum for this transaction. In a restored database it also locks the table against writers for a moment, because their rows have
-- transaction numbers of this cluster.
CREATE OR REPLACE FUNCTION lock_sum(of_sum text, summed_table regclass, OUT is_restored bool) LANGUAGE plpgsql AS $$
BEGIN
    SELECT home IS DISTINCT FROM database_identity() INTO is_restored FROM sum_horizons WHERE name = of_sum FOR NO KEY UPDATE;
    IF is_restored THEN
        PERFORM set_config('lock_timeout', '300ms', true);
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', summed_table);
    END IF;
END
$$;
