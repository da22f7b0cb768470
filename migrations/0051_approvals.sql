-- Approvals are bound to people and to the exact command, and the mode of an instance is judged by more than its newest heartbeat.

ALTER TABLE instance_live
    -- The mode in the newest heartbeat that an agent with a token sent.
    ADD COLUMN proven_mode text,
    -- When the instance last stopped being LIVE.
    ADD COLUMN live_until timestamptz;

CREATE FUNCTION note_live_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.live_until := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER instances_stop_live
    BEFORE UPDATE OF runtime_mode ON instance_live
    FOR EACH ROW
    WHEN (OLD.runtime_mode = 'LIVE' AND NEW.runtime_mode <> 'LIVE')
    EXECUTE FUNCTION note_live_end();

-- Each approval of a command, with the hash of what was approved (`command_digest`).
CREATE TABLE command_approvals (
    command_id uuid NOT NULL REFERENCES commands ON DELETE CASCADE,
    approver text NOT NULL,
    digest text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (command_id, approver)
);

-- Approved commands that are not finished stay approved.
INSERT INTO command_approvals (command_id, approver, digest, approved_at)
SELECT DISTINCT ON (command_id)
    command_id, actor,
    encode(
        sha256(
            convert_to(
                jsonb_build_array(
                    command_id, instance_id, command_type, payload, (extract(epoch FROM expires_at) * 1000000)::int8, created_by
                )::text,
                'UTF8'
            )
        ),
        'hex'
    ),
    at
FROM commands
JOIN command_events USING (command_id)
WHERE status = 'PENDING'
    AND event = 'APPROVED'
ORDER BY command_id, at DESC;
