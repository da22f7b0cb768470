-- A deleted module keeps its row: its history refers to it.
CREATE TABLE modules (
    module_id uuid PRIMARY KEY,
    name text NOT NULL,
    description text,
    enabled bool NOT NULL,
    execution_mode text NOT NULL,
    schedule_cron text,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    client_created_at timestamptz NOT NULL,
    client_updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);

CREATE INDEX modules_by_name ON modules (name, module_id) WHERE deleted_at IS NULL;
