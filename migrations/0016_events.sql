-- What changed, for those who watch. An event is shown once no older transaction can add another before it: the order is that of the
-- transactions' numbers, and whatever lies below the oldest running one is complete (PostgreSQL manual, 9.27, "pg_snapshot_xmin").
CREATE TABLE event_log (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event_id int8 GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    key text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (xid, event_id)
);

CREATE INDEX event_log_oldest ON event_log (at);

-- The last event that is not kept any more.
CREATE TABLE event_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    xid xid8 NOT NULL DEFAULT '0',
    event_id int8 NOT NULL DEFAULT 0
);
INSERT INTO event_horizon DEFAULT VALUES;

-- Notes a change of a row. The arguments are the kind, the column with the key, and the columns that are told.
CREATE FUNCTION note_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row jsonb := to_jsonb(NEW);
BEGIN
    INSERT INTO event_log (kind, key, data)
    SELECT TG_ARGV[0], row ->> TG_ARGV[1], coalesce(jsonb_object_agg(name, row -> name), '{}')
    FROM unnest(TG_ARGV[2:]) AS name;
    RETURN NULL;
END
$$;

CREATE TRIGGER commands_make_events
    AFTER INSERT OR UPDATE OF status ON commands
    FOR EACH ROW EXECUTE FUNCTION note_event('command', 'command_id', 'instance_id', 'command_type', 'status');
CREATE TRIGGER alerts_make_events
    AFTER INSERT OR UPDATE OF status, occurrences ON alerts
    FOR EACH ROW EXECUTE FUNCTION note_event('alert', 'alert_id', 'severity', 'source', 'target_type', 'target_id', 'status');
CREATE TRIGGER modules_make_events
    AFTER INSERT OR UPDATE OF name, enabled, execution_mode, schedule_cron, config, deleted_at ON modules
    FOR EACH ROW EXECUTE FUNCTION note_event('module', 'module_id', 'name', 'enabled', 'deleted_at');
CREATE TRIGGER module_runs_make_events
    AFTER INSERT OR UPDATE OF status, progress ON module_runs
    FOR EACH ROW EXECUTE FUNCTION note_event('module_run', 'run_id', 'module_id', 'status', 'progress');
CREATE TRIGGER instances_make_events
    AFTER INSERT OR UPDATE OF bot_id ON instances
    FOR EACH ROW EXECUTE FUNCTION note_event('instance', 'instance_id', 'bot_id');
CREATE TRIGGER reconcile_results_make_events
    AFTER INSERT ON reconcile_results
    FOR EACH ROW EXECUTE FUNCTION note_event('reconcile', 'reconcile_id', 'instance_id', 'status');
