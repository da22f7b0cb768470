-- Policy of the servers.

-- A value of `DatabasePolicy`, which is in Sources/Handlers/DatabasePolicy.swift: servers set it in each of their sessions. Sessions of release
-- 1.2.0 and of people do not, and get `otherwise`.
CREATE OR REPLACE FUNCTION policy_value(name text, otherwise text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('flotilla.' || name, true), ''), otherwise)
$$;
