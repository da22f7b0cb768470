CREATE TABLE alerts (
    alert_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    source text NOT NULL,
    severity text NOT NULL,
    target_type text NOT NULL,
    target_id text NOT NULL,
    message text NOT NULL,
    metadata jsonb NOT NULL,
    status text NOT NULL DEFAULT 'OPEN',
    occurrences int8 NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    acked_at timestamptz,
    acked_by text,
    resolved_at timestamptz,
    resolved_by text,
    CHECK ((resolved_at IS NULL) = (status <> 'RESOLVED'))
);

-- One live alert for each source and target.
CREATE UNIQUE INDEX alerts_live ON alerts (source, target_type, target_id) WHERE status <> 'RESOLVED';
CREATE INDEX alerts_newest ON alerts (first_at DESC, alert_id DESC);
CREATE INDEX alerts_by_status ON alerts (status, first_at DESC, alert_id DESC);

CREATE TABLE reconcile_results (
    reconcile_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id text NOT NULL REFERENCES instances,
    exchange_equity numeric NOT NULL,
    internal_equity numeric NOT NULL,
    difference numeric NOT NULL,
    status text NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX reconcile_results_newest ON reconcile_results (ts DESC, reconcile_id DESC);
CREATE INDEX reconcile_results_by_instance ON reconcile_results (instance_id, ts DESC, reconcile_id DESC);
