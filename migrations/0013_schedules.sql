ALTER TABLE modules
    ADD COLUMN missed_run_policy text NOT NULL DEFAULT 'RUN_ONCE',
    ADD COLUMN queue_timeout_seconds int8,
    ADD COLUMN run_timeout_seconds int8,
    -- When the schedule is due next; null for a module that does not run by itself.
    ADD COLUMN next_run_at timestamptz;

CREATE INDEX modules_due ON modules (next_run_at) WHERE deleted_at IS NULL AND enabled;

ALTER TABLE module_runs
    ADD COLUMN claimed_by text,
    ADD COLUMN claimed_at timestamptz,
    -- Until when the worker is believed to be alive.
    ADD COLUMN lease_expires_at timestamptz,
    ADD COLUMN progress float8,
    ADD COLUMN progress_message text;

CREATE INDEX module_runs_queued ON module_runs (started_at, run_id) WHERE status = 'QUEUED';
