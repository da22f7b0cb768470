-- What each instance holds now, by symbol.
CREATE TABLE positions (
    instance_id text NOT NULL REFERENCES instances,
    symbol text NOT NULL,
    net_exposure numeric NOT NULL,
    gross_exposure numeric NOT NULL,
    updated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, symbol)
) WITH (fillfactor = 80);

CREATE TABLE execution_samples (
    ordinal int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances,
    symbol text NOT NULL,
    slippage_bps numeric NOT NULL,
    latency_ms numeric NOT NULL,
    fill_ratio numeric NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);

CREATE INDEX execution_samples_by_symbol ON execution_samples (symbol, ts DESC);

-- The books: an entry is added once and never changes.
CREATE TABLE cost_entries (
    ordinal int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances,
    -- What the instance knows the entry by; entries without one cannot be told apart.
    entry_id text,
    symbol text NOT NULL,
    cost_type text NOT NULL,
    amount numeric NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (instance_id, entry_id)
);

CREATE INDEX cost_entries_by_symbol ON cost_entries (symbol, instance_id, cost_type);
