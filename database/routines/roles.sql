-- The role of the servers, when it is not the owner of the tables.

-- Grants a role what servers need. For the audit log this is reading, adding entries with the time and number that the database chooses, and the
-- functions that seal and make months. The caller owns the tables. It is called after each migration, for new tables, and changes only what
-- is missing.
CREATE OR REPLACE FUNCTION grant_runtime(runtime text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item record;
    is_evidence bool;
BEGIN
    -- The lock of migrations: two sessions must not change the privileges of one table.
    PERFORM pg_advisory_xact_lock(7379269446424095841);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', runtime);
    -- Clusters made before PostgreSQL 15 let every role create functions, which the owner's functions could then call.
    IF has_schema_privilege('public', 'public', 'CREATE') THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    -- So that servers see transactions of other roles, on which sums and events wait.
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND NOT pg_has_role(runtime, 'pg_read_all_stats', 'MEMBER') THEN
        EXECUTE format('GRANT pg_read_all_stats TO %I', runtime);
    END IF;
    FOR item IN
        SELECT oid, oid::regclass::text AS name, relkind, relname
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
            AND relkind IN ('r', 'p', 'v', 'm', 'S')
            -- Rows of partitions are reached through their tables.
            AND NOT relispartition
        ORDER BY relname
    LOOP
        is_evidence := item.relname LIKE 'audit\_%' OR item.relname IN ('schema_migrations', 'schema_routines');
        IF item.relkind = 'S' THEN
            IF NOT has_sequence_privilege(runtime, item.oid, 'USAGE') THEN
                EXECUTE format('GRANT SELECT, USAGE ON SEQUENCE %s TO %I', item.name, runtime);
            END IF;
        ELSIF is_evidence THEN
            IF NOT has_table_privilege(runtime, item.oid, 'SELECT') THEN
                EXECUTE format('GRANT SELECT ON %s TO %I', item.name, runtime);
            END IF;
        ELSIF NOT has_table_privilege(runtime, item.oid, 'DELETE') THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', item.name, runtime);
        END IF;
    END LOOP;
    IF NOT has_column_privilege(runtime, 'audit_log', 'actor', 'INSERT') THEN
        EXECUTE format('GRANT INSERT (actor, action, target_type, target_id, result, details) ON audit_log TO %I', runtime);
    END IF;
    FOR item IN
        SELECT oid, oid::regprocedure::text AS name
        FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
            AND prosecdef
            AND (NOT has_function_privilege(runtime, oid, 'EXECUTE') OR has_function_privilege('public', oid, 'EXECUTE'))
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', item.name, runtime);
    END LOOP;
END
$$;

-- Whether this session may change everything in the audit log.
CREATE OR REPLACE FUNCTION owns_audit() RETURNS bool LANGUAGE sql STABLE AS $$
    SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = 'public.audit_log'::regclass
$$;

-- The functions that run as the owner are for the role of the servers, not for every role of the database.
REVOKE ALL ON FUNCTION hold_audit_seals(int8), add_audit_seals(int8, int8[], text[], text), seal_audit(int8), keep_audit_months(), note_unsealed(),
    keep_partitions(interval, interval, interval, interval) FROM PUBLIC;
