CREATE TABLE audit_log (
    ordinal int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    audit_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    actor text NOT NULL,
    action text NOT NULL,
    target_type text NOT NULL,
    target_id text NOT NULL,
    result text NOT NULL,
    details jsonb NOT NULL,
    ts timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX audit_log_newest ON audit_log (ts DESC, ordinal DESC);

-- What is written stays written.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

CREATE TRIGGER audit_log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
