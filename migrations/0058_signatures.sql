-- Signatures of commands, which their agents verify.

-- The highest sequence number that a key has signed for an instance.
CREATE TABLE command_sequences (
    instance_id text NOT NULL REFERENCES instances ON DELETE CASCADE,
    key_id text NOT NULL,
    sequence int8 NOT NULL,
    PRIMARY KEY (instance_id, key_id)
);

CREATE TABLE command_signatures (
    command_id uuid NOT NULL REFERENCES commands ON DELETE CASCADE,
    -- REQUEST: a server accepted the command, which waits for approval. SERVER and OPERATOR: the instance may execute it.
    purpose text NOT NULL,
    key_id text NOT NULL,
    sequence int8 NOT NULL,
    -- The signed text of the payload; null if it is the text of `commands.payload`.
    payload text,
    signature text NOT NULL,
    PRIMARY KEY (command_id, purpose)
);

-- The server's signature of the approval.
ALTER TABLE command_approvals
    ADD COLUMN key_id text,
    ADD COLUMN seal text;

-- Public keys of people who sign commands.
CREATE TABLE command_keys (
    key_id text PRIMARY KEY,
    public_key text NOT NULL,
    principal text NOT NULL,
    name text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
