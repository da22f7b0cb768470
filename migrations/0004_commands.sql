CREATE TABLE commands (
    command_id uuid PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances,
    command_type text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    status text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (expires_at > issued_at)
);

-- The agents' polls read only this one.
CREATE INDEX commands_pending ON commands (instance_id, issued_at, command_id) WHERE status = 'PENDING';
CREATE INDEX commands_newest ON commands (created_at DESC, command_id DESC);
CREATE INDEX commands_by_instance ON commands (instance_id, created_at DESC, command_id DESC);
CREATE INDEX commands_by_status ON commands (status, created_at DESC, command_id DESC);

CREATE TABLE command_acknowledgements (
    ack_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    command_id uuid NOT NULL REFERENCES commands,
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    instance_id text NOT NULL,
    status text NOT NULL,
    reason text,
    ts timestamptz NOT NULL,
    command_status text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX command_acknowledgements_by_command ON command_acknowledgements (command_id, ordinal);
