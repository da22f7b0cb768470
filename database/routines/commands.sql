-- Commands: outcome, approval, history, wake-up.

-- The outcome of a command that ended before the instance responded: what the instance reported later, otherwise whether the command was
-- delivered. Null for every other command.
CREATE OR REPLACE FUNCTION command_outcome(status text, first_delivered_at timestamptz, late_outcome text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN status NOT IN ('EXPIRED', 'CANCELED', 'SUPERSEDED', 'DENIED') THEN NULL
        WHEN late_outcome IS NOT NULL THEN late_outcome
        WHEN first_delivered_at IS NULL THEN 'NOT_DELIVERED'
        ELSE 'UNKNOWN'
    END
$$;

-- The outcome of the command that another one replaced.
CREATE OR REPLACE FUNCTION superseded_outcome(superseded_id uuid) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT command_outcome(status, first_delivered_at, late_outcome) FROM commands WHERE command_id = superseded_id
$$;

-- The hash to which an approval of a command is bound: of its instance, type, payload, expiry and author.
CREATE OR REPLACE FUNCTION command_digest(command commands) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(
        sha256(
            convert_to(
                jsonb_build_array(
                    command.command_id, command.instance_id, command.command_type, command.payload,
                    (extract(epoch FROM command.expires_at) * 1000000)::int8, command.created_by
                )::text,
                'UTF8'
            )
        ),
        'hex'
    )
$$;

-- The details of a command's audit entry besides its type and target: the SHA-256 of its payload, as PostgreSQL writes it, and its lifetime.
CREATE OR REPLACE FUNCTION command_evidence(payload jsonb, issued_at timestamptz, expires_at timestamptz) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'payload_sha256', encode(sha256(convert_to(payload::text, 'UTF8')), 'hex'),
        'ttl_seconds', round(extract(epoch FROM expires_at - issued_at), 3)
    )
$$;

-- The name of a principal and of everyone who issued its tokens, directly or through other tokens, as far as they were valid in the minute before
-- a time. A request whose token was revoked while it waited was made with that token, too.
CREATE OR REPLACE FUNCTION token_issuers(principal text, valid_at timestamptz) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE issuer (name, at) AS (
        SELECT principal, valid_at
        UNION
        SELECT created_by, created_at
        FROM issuer
        JOIN access_tokens AS token USING (name)
        WHERE instance_id IS NULL
            AND created_at <= at
            AND (revoked_at IS NULL OR revoked_at > at - interval '1 minute')
            AND (expires_at IS NULL OR expires_at > at - interval '1 minute')
    )
    SELECT DISTINCT name FROM issuer
$$;

-- `CommandEffect.isHighRisk` for servers of release 1.2 and earlier, which know only the mode of the newest heartbeat. The other servers judge
-- their commands again when they deliver them.
CREATE OR REPLACE FUNCTION is_grave_command(command_type text, payload jsonb, runtime_mode text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE command_type
        WHEN 'FLATTEN' THEN runtime_mode = 'LIVE'
        WHEN 'START' THEN runtime_mode = 'LIVE'
        WHEN 'SET_MODE' THEN payload = '{}'
            OR EXISTS (
                SELECT
                FROM jsonb_each(payload)
                WHERE key NOT IN ('mode', 'runtime_mode')
                    OR value NOT IN ('"PAPER"', '"BACKTEST"', '"COLLECTOR"')
            )
        ELSE false
    END
$$;

-- The same as `CommandEffect.isCritical`, for commands that servers of release 1.2 and earlier create.
CREATE OR REPLACE FUNCTION is_critical_command(command_type text, payload jsonb) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
    SELECT command_type IN ('SAFE_MODE', 'REDUCE_ONLY', 'CANCEL_ALL', 'FLATTEN', 'STOP')
        OR (command_type = 'SET_MODE' AND is_grave_command(command_type, payload, 'LIVE'))
$$;

-- Decides whether a command that a server of release 1.2 or earlier creates is critical.
CREATE OR REPLACE FUNCTION note_critical_command() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.is_critical := coalesce(is_critical_command(NEW.command_type, NEW.payload), false);
    RETURN NEW;
END
$$;

-- Notes each change of a command in its history, keeps the queues of unfinished and failed commands, and wakes the instance's poll when the
-- command becomes PENDING.
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
        IF NEW.status IN ('FAILED', 'REJECTED_EXPIRED', 'REJECTED_DUPLICATE', 'EXPIRED') AND NEW.is_critical THEN
            INSERT INTO failed_commands (command_id) VALUES (NEW.command_id);
        END IF;
    END IF;
    IF NEW.status = 'PENDING' THEN PERFORM pg_notify('flotilla_commands', NEW.instance_id); END IF;
    RETURN NULL;
END
$$;

-- Notes a change of a command as an event.
CREATE OR REPLACE FUNCTION note_command_event() RETURNS trigger LANGUAGE plpgsql AS $$
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
