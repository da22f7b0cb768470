CREATE TABLE module_runs (
    run_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    module_id uuid NOT NULL REFERENCES modules,
    trigger_type text NOT NULL,
    status text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    summary text,
    -- A run has ended exactly when it has an end.
    CHECK ((ended_at IS NULL) = (status IN ('QUEUED', 'RUNNING')))
);

CREATE INDEX module_runs_newest ON module_runs (started_at DESC, run_id DESC);
CREATE INDEX module_runs_by_module ON module_runs (module_id, started_at DESC, run_id DESC);
CREATE INDEX module_runs_by_status ON module_runs (status, started_at DESC, run_id DESC);
CREATE INDEX module_runs_ended ON module_runs (ended_at DESC, run_id DESC) WHERE ended_at IS NOT NULL;
