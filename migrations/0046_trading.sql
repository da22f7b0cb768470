-- Reports of bots of any software: accounts, strategies, orders, fills, trades, balances and logs.

CREATE DOMAIN amount AS numeric CHECK (VALUE NOT IN ('NaN', 'Infinity', '-Infinity'));

CREATE TABLE instance_profiles (
    instance_id text PRIMARY KEY REFERENCES instances,
    software text,
    strategy_name text,
    strategy_version text,
    strategy_hash text,
    ui_url text,
    symbols text[] NOT NULL,
    sent_at timestamptz NOT NULL
);

CREATE TABLE instance_accounts (
    instance_id text NOT NULL REFERENCES instances,
    venue text NOT NULL,
    account_id text NOT NULL,
    runtime_mode text NOT NULL,
    PRIMARY KEY (instance_id, venue, account_id)
);
CREATE INDEX instance_accounts_by_account ON instance_accounts (venue, account_id);

CREATE TABLE orders (
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    instance_id text NOT NULL REFERENCES instances,
    order_id text NOT NULL,
    trade_id text,
    venue text NOT NULL,
    account_id text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    order_type text NOT NULL,
    status text NOT NULL,
    quantity amount NOT NULL,
    filled_quantity amount NOT NULL,
    price amount,
    average_price amount,
    is_reduce_only bool,
    tag text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, order_id)
) WITH (fillfactor = 80);
CREATE INDEX orders_newest ON orders (created_at DESC, ordinal DESC);
CREATE INDEX orders_by_instance ON orders (instance_id, created_at DESC, ordinal DESC);
CREATE INDEX orders_open ON orders (instance_id) WHERE status = 'OPEN';
CREATE INDEX orders_ended ON orders (updated_at) WHERE status <> 'OPEN';

CREATE TABLE fills (
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    instance_id text NOT NULL,
    fill_id text NOT NULL,
    order_id text,
    trade_id text,
    venue text NOT NULL,
    account_id text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity amount NOT NULL,
    price amount NOT NULL,
    quote_currency text,
    fee amount,
    fee_currency text,
    fx_rate amount,
    liquidity text,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, fill_id)
);
CREATE INDEX fills_newest ON fills (ts DESC, ordinal DESC);
CREATE INDEX fills_by_instance ON fills (instance_id, ts DESC, ordinal DESC);

CREATE TABLE trades (
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    instance_id text NOT NULL,
    trade_id text NOT NULL,
    runtime_mode text NOT NULL,
    venue text NOT NULL,
    account_id text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    status text NOT NULL,
    quantity amount NOT NULL,
    entry_quantity amount NOT NULL,
    entry_price amount NOT NULL,
    exit_price amount,
    leverage amount,
    profit amount,
    fees amount,
    currency text NOT NULL,
    strategy_name text,
    strategy_version text,
    entry_tag text,
    exit_reason text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    updated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(closed_at, opened_at)) STORED,
    PRIMARY KEY (instance_id, trade_id),
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX trades_newest ON trades (last_at DESC, ordinal DESC);
CREATE INDEX trades_by_instance ON trades (instance_id, last_at DESC, ordinal DESC);
CREATE INDEX trades_open ON trades (instance_id) WHERE status = 'OPEN';
CREATE INDEX trades_closed ON trades (closed_at) WHERE status = 'CLOSED';

CREATE TABLE account_balances (
    instance_id text NOT NULL REFERENCES instances,
    venue text NOT NULL,
    account_id text NOT NULL,
    balances jsonb NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, venue, account_id)
) WITH (fillfactor = 80);

CREATE TABLE log_counts (
    instance_id text PRIMARY KEY REFERENCES instances,
    lines int8 NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE log_lines (
    instance_id text NOT NULL REFERENCES instances,
    slot int8 NOT NULL,
    line_id text NOT NULL,
    level text NOT NULL,
    logger text,
    message text NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, slot)
) WITH (fillfactor = 80);
CREATE INDEX log_lines_by_id ON log_lines (instance_id, line_id);

CREATE TABLE book_findings (
    finding_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id text NOT NULL REFERENCES instances,
    object text NOT NULL,
    id text NOT NULL,
    difference text NOT NULL,
    symbol text,
    booked jsonb,
    reported jsonb,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE UNIQUE INDEX book_findings_open ON book_findings (instance_id, object, id) WHERE resolved_at IS NULL;
CREATE INDEX book_findings_newest ON book_findings (first_at DESC, finding_id DESC);
CREATE INDEX book_findings_by_instance ON book_findings (instance_id, first_at DESC, finding_id DESC);
CREATE INDEX book_findings_resolved ON book_findings (resolved_at) WHERE resolved_at IS NOT NULL;
