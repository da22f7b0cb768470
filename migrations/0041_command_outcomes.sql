-- What became of commands that ended without an answer, the order in which commands are given, and those that need somebody's attention.

-- Commands of an instance are numbered while its row is held, so the order of the numbers is that of the commits. A command that waits for
-- approval gets its number when it is approved. Only commands that can still be delivered need one.
CREATE SEQUENCE command_ordinals;
ALTER TABLE commands
    ADD COLUMN ordinal int8,
    -- What the instance said after the command had ended.
    ADD COLUMN late_outcome text;
UPDATE commands
SET ordinal = numbered.ordinal
FROM (
    SELECT command_id, nextval('command_ordinals') AS ordinal
    FROM (
        SELECT command_id
        FROM commands
        WHERE status IN ('PENDING', 'AWAITING_APPROVAL')
        ORDER BY issued_at, command_id
    ) AS waiting
) AS numbered
WHERE commands.command_id = numbered.command_id;
ALTER TABLE commands ALTER COLUMN ordinal SET DEFAULT nextval('command_ordinals');

-- The command's outcome after an acknowledgement, where the command had ended before.
ALTER TABLE command_acknowledgements ADD COLUMN command_outcome text;

-- Whether the instance may have carried out a command that ended without its answer; null for every other command.
CREATE FUNCTION command_outcome(status text, first_delivered_at timestamptz, late_outcome text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN status NOT IN ('EXPIRED', 'CANCELED', 'SUPERSEDED', 'DENIED') THEN NULL
        WHEN late_outcome IS NOT NULL THEN late_outcome
        WHEN first_delivered_at IS NULL THEN 'NOT_DELIVERED'
        ELSE 'UNKNOWN'
    END
$$;

-- The same for the command whose place another took.
CREATE FUNCTION superseded_outcome(superseded_id uuid) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT command_outcome(status, first_delivered_at, late_outcome) FROM commands WHERE command_id = superseded_id
$$;

-- Acknowledgements that came too late before this migration: an end counts more than ACCEPTED, that more than a rejection.
UPDATE commands
SET late_outcome = said.outcome
FROM (
    SELECT DISTINCT ON (command_id)
        command_id,
        CASE status WHEN 'ACCEPTED' THEN 'ACCEPTED_LATE' WHEN 'COMPLETED' THEN 'COMPLETED_LATE' WHEN 'FAILED' THEN 'FAILED_LATE'
            ELSE 'REJECTED_LATE' END AS outcome
    FROM command_acknowledgements
    WHERE command_status IN ('EXPIRED', 'CANCELED', 'SUPERSEDED', 'DENIED')
    ORDER BY command_id, CASE WHEN status IN ('COMPLETED', 'FAILED') THEN 1 WHEN status = 'ACCEPTED' THEN 2 ELSE 3 END, ordinal
) AS said
WHERE commands.command_id = said.command_id;

-- Whether somebody has to know at once when a command is not carried out: those that stop trading, and those that need approval.
CREATE FUNCTION is_critical_command(command_type text, payload jsonb) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
    SELECT command_type IN ('SAFE_MODE', 'CANCEL_ALL', 'FLATTEN', 'STOP') OR is_grave_command(command_type, payload, 'LIVE')
$$;

-- Commands that were accepted and have not finished.
CREATE TABLE unfinished_commands (
    command_id uuid PRIMARY KEY REFERENCES commands,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whether an alert was raised.
    is_reported bool NOT NULL DEFAULT false
);

CREATE INDEX unfinished_commands_oldest ON unfinished_commands (accepted_at, command_id) WHERE NOT is_reported;
INSERT INTO unfinished_commands (command_id, accepted_at)
SELECT command_id, max(at)
FROM commands
JOIN command_events USING (command_id)
WHERE status = 'ACCEPTED'
    AND event = 'ACCEPTED'
GROUP BY command_id;

-- Critical commands that were not carried out, until an alert tells of them.
CREATE TABLE failed_commands (
    command_id uuid PRIMARY KEY REFERENCES commands,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Every change of a command leaves an event, and wakes the agent that waits for one.
CREATE OR REPLACE FUNCTION note_command_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO command_events (command_id, event, actor) VALUES (NEW.command_id, 'CREATED', NEW.created_by);
    ELSIF NEW.late_outcome IS DISTINCT FROM OLD.late_outcome THEN
        INSERT INTO command_events (command_id, event, actor) VALUES (NEW.command_id, NEW.late_outcome, NEW.instance_id);
    ELSIF NEW.status = OLD.status THEN
        INSERT INTO command_events (command_id, event, actor) VALUES (NEW.command_id, 'DELIVERED', NEW.instance_id);
    ELSE
        INSERT INTO command_events (command_id, event, actor)
        VALUES (
            NEW.command_id,
            CASE WHEN OLD.status = 'AWAITING_APPROVAL' AND NEW.status = 'PENDING' THEN 'APPROVED' ELSE NEW.status END,
            coalesce(NEW.changed_by, 'unknown')
        );
        IF NEW.status = 'ACCEPTED' THEN
            INSERT INTO unfinished_commands (command_id) VALUES (NEW.command_id);
        ELSIF OLD.status = 'ACCEPTED' THEN
            DELETE FROM unfinished_commands WHERE command_id = NEW.command_id;
        END IF;
        IF NEW.status IN ('FAILED', 'REJECTED_EXPIRED', 'REJECTED_DUPLICATE', 'EXPIRED')
            AND is_critical_command(NEW.command_type, NEW.payload)
        THEN
            INSERT INTO failed_commands (command_id) VALUES (NEW.command_id);
        END IF;
    END IF;
    IF NEW.status = 'PENDING' THEN PERFORM pg_notify('flotilla_commands', NEW.instance_id); END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER commands_change ON commands;
CREATE TRIGGER commands_change
    AFTER UPDATE ON commands
    FOR EACH ROW
    WHEN (
        OLD.status <> NEW.status
        OR (OLD.first_delivered_at IS NULL AND NEW.first_delivered_at IS NOT NULL)
        OR OLD.late_outcome IS DISTINCT FROM NEW.late_outcome
    )
    EXECUTE FUNCTION note_command_change();

-- Notes a change of a command for those who watch.
CREATE FUNCTION note_command_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_log (kind, key, data)
    VALUES (
        'command', NEW.command_id,
        jsonb_build_object(
            'instance_id', NEW.instance_id, 'command_type', NEW.command_type, 'status', NEW.status,
            'outcome', command_outcome(NEW.status, NEW.first_delivered_at, NEW.late_outcome)
        )
    );
    RETURN NULL;
END
$$;

DROP TRIGGER commands_make_events ON commands;
CREATE TRIGGER commands_make_events
    AFTER INSERT OR UPDATE OF status, late_outcome ON commands
    FOR EACH ROW EXECUTE FUNCTION note_command_event();
