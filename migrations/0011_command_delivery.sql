ALTER TABLE commands
    ADD COLUMN reason text,
    ADD COLUMN supersedes uuid REFERENCES commands,
    -- Delivery is a fact, no status: a command comes with each poll until it is acknowledged.
    ADD COLUMN first_delivered_at timestamptz,
    ADD COLUMN delivery_count int8 NOT NULL DEFAULT 0,
    -- Who changed the status last, for the history.
    ADD COLUMN changed_by text;

DROP INDEX commands_expiring;
CREATE INDEX commands_expiring ON commands (expires_at) WHERE status IN ('PENDING', 'AWAITING_APPROVAL');

-- What happened to each command.
CREATE TABLE command_events (
    ordinal int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id uuid NOT NULL REFERENCES commands,
    event text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX command_events_by_command ON command_events (command_id, ordinal);

-- Whatever changes a command leaves an event, and wakes the agent that waits for one.
CREATE FUNCTION note_command_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO command_events (command_id, event, actor) VALUES (NEW.command_id, 'CREATED', NEW.created_by);
    ELSIF NEW.status = OLD.status THEN
        INSERT INTO command_events (command_id, event, actor) VALUES (NEW.command_id, 'DELIVERED', NEW.instance_id);
    ELSE
        INSERT INTO command_events (command_id, event, actor)
        VALUES (
            NEW.command_id,
            CASE WHEN OLD.status = 'AWAITING_APPROVAL' AND NEW.status = 'PENDING' THEN 'APPROVED' ELSE NEW.status END,
            coalesce(NEW.changed_by, 'unknown')
        );
    END IF;
    IF NEW.status = 'PENDING' THEN PERFORM pg_notify('flotilla_commands', NEW.instance_id); END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER commands_are_created
    AFTER INSERT ON commands
    FOR EACH ROW EXECUTE FUNCTION note_command_change();
CREATE TRIGGER commands_change
    AFTER UPDATE ON commands
    FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR (OLD.first_delivered_at IS NULL AND NEW.first_delivered_at IS NOT NULL))
    EXECUTE FUNCTION note_command_change();

-- Whether a command is one of those that a second person may have to approve: what ends or begins real trading.
CREATE FUNCTION is_grave_command(command_type text, payload jsonb, runtime_mode text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
    SELECT (command_type = 'FLATTEN' AND runtime_mode = 'LIVE')
        OR (command_type = 'SET_MODE' AND 'LIVE' IN (upper(payload ->> 'mode'), upper(payload ->> 'runtime_mode')))
$$;

-- The answers of requests that carry a name, so that they can be repeated.
CREATE TABLE idempotency_keys (
    actor text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the request.
    request text NOT NULL,
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, operation, key)
);

CREATE INDEX idempotency_keys_oldest ON idempotency_keys (created_at);
