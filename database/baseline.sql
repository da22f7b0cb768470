-- schema: 60
-- routines: 11 4b2061aea89429dc
--
-- The current schema. A new database is created from this file; `migrations/` brings an existing one to the same schema. The first line has
-- the newest migration that this file includes, the second the revision of the routines and their fingerprint.
--
-- Contents: fleet · metrics · exposure, executions, costs · performance · trading · commands · modules · alerts, notifications · reconciliation ·
-- audit log · events · access · background work; then routines, views, triggers, partitions.

-- ============================================================================================================== fleet

-- Bots, as registered by an operator or by the first heartbeat of an instance.
CREATE TABLE bots (
    bot_id text PRIMARY KEY,
    name text NOT NULL,
    strategy_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Whether an instance that is not retired belongs to it; kept by triggers, because lists of the fleet show the others, too.
    has_instance bool NOT NULL DEFAULT false
);
CREATE INDEX bots_without_instance ON bots (bot_id) WHERE NOT has_instance;

-- Every known instance. A retired one has no row in instance_live, so lists, checks, commands and sums exclude it. A deleted one is retired,
-- and the maintenance removes its rows in parts.
CREATE TABLE instances (
    instance_id text PRIMARY KEY,
    bot_id text NOT NULL REFERENCES bots,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    retired_by text,
    retired_reason text,
    -- Its row of instance_live at the time of the retirement.
    last_live jsonb,
    deleted_at timestamptz
);
CREATE INDEX instances_by_bot ON instances (bot_id, instance_id);
CREATE INDEX instances_retired ON instances (retired_at DESC, instance_id DESC) WHERE retired_at IS NOT NULL;
CREATE INDEX instances_deleted ON instances (deleted_at, instance_id) WHERE deleted_at IS NOT NULL;

-- The columns that heartbeats change. Rows are narrow, have room on their page, and no changing column has an index, so updates are
-- heap-only.
CREATE TABLE instance_live (
    instance_id text PRIMARY KEY REFERENCES instances,
    runtime_mode text NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    version text NOT NULL,
    metadata jsonb NOT NULL,
    last_seen timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    -- When the newest heartbeat was sent, at most the time of its arrival; orders heartbeats.
    sent_at timestamptz NOT NULL DEFAULT now(),
    -- When the last heartbeat was sent, by the instance's clock.
    beat_at timestamptz NOT NULL DEFAULT now(),
    -- Seconds by which that clock lags behind the database's.
    clock_lag float8 NOT NULL DEFAULT 0,
    -- Consecutive heartbeats in which the clock was off by the same (`skewed_beats`).
    skewed_beats int4 NOT NULL DEFAULT 0,
    -- The state that the instance reports.
    state text NOT NULL DEFAULT 'NORMAL',
    -- The content of the newest heartbeat without its time. A heartbeat with the same fingerprint writes only times. Null if the next one
    -- must take the longer statement.
    fingerprint int8,
    -- The mode in the newest heartbeat that an agent with a token sent.
    proven_mode text,
    -- When the instance last stopped being LIVE.
    live_until timestamptz,
    -- The process that sent the newest heartbeat; null if it named none.
    boot_id text,
    -- The identity of the agent that sent the newest heartbeat; null if it had no token.
    identity uuid
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The processes that reported for an instance, the newest 100. The last one holds the instance.
CREATE TABLE instance_boots (
    instance_id text NOT NULL REFERENCES instances,
    boot_id text NOT NULL,
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    first_received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, boot_id)
);
CREATE INDEX instance_boots_newest ON instance_boots (instance_id, ordinal DESC);

-- The half minutes of a day in which heartbeats of an instance arrived: bit 0 is the first after midnight, UTC. `ts` is that midnight.
CREATE TABLE heartbeat_presence (
    instance_id text NOT NULL,
    ts timestamptz NOT NULL,
    slots bytea NOT NULL CHECK (length(slots) = 360),
    PRIMARY KEY (instance_id, ts)
) PARTITION BY RANGE (ts);
CREATE TABLE heartbeat_presence_rest PARTITION OF heartbeat_presence DEFAULT;

-- The last half minute that was noted, and the time of the first.
CREATE TABLE presence_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    since timestamptz NOT NULL DEFAULT now(),
    noted timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO presence_horizon DEFAULT VALUES;

-- The number of bots and instances. Each connection has its own row (slot); slot 0 has the counts of ended connections.
CREATE TABLE fleet_counts (
    slot int4 PRIMARY KEY,
    bots int8 NOT NULL,
    -- Instances that are not retired.
    instances int8 NOT NULL,
    retired int8 NOT NULL DEFAULT 0
);
INSERT INTO fleet_counts VALUES (0, 0, 0, 0);

-- How many instances may still register: a leaky bucket that holds the registrations of an hour, shared by all servers.
CREATE TABLE registration_allowance (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    -- When the whole allowance is available again (the theoretical arrival time of a leaky bucket).
    restored_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO registration_allowance DEFAULT VALUES;

-- ============================================================================================================ metrics

-- The columns that all samples of a series share.
CREATE TABLE metric_series (
    series_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances,
    metric_type text NOT NULL,
    symbol text NOT NULL,
    -- Empty for the books' currency. Amounts of different currencies are never added.
    currency text NOT NULL DEFAULT '',
    -- The mode under which equity_changes has the series; null until it is rolled up, and for a retired instance.
    booked_mode text,
    UNIQUE (instance_id, metric_type, symbol, currency)
);
CREATE INDEX metric_series_by_type ON metric_series (metric_type, symbol);

-- Samples have no foreign key to their series: the check would cost more than the sample. NaN and infinity are rejected in every table of
-- amounts, because a single one would poison every sum. The check has the name that it has in databases of older releases.
CREATE TABLE metric_samples (
    series_id int8 NOT NULL,
    ts timestamptz NOT NULL,
    value numeric NOT NULL CONSTRAINT metric_samples_value_check1 CHECK (value NOT IN ('NaN', 'Infinity', '-Infinity')),
    PRIMARY KEY (series_id, ts)
) PARTITION BY RANGE (ts);
CREATE TABLE metric_samples_rest PARTITION OF metric_samples DEFAULT;

-- Samples rolled up to five minutes, and to an hour. As a series, each row counts as its last sample.
CREATE TABLE metric_5m (
    series_id int8 NOT NULL,
    ts timestamptz NOT NULL,
    samples int8 NOT NULL,
    sum numeric NOT NULL,
    min numeric NOT NULL,
    max numeric NOT NULL,
    first numeric NOT NULL,
    last numeric NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (series_id, ts)
) PARTITION BY RANGE (ts);
CREATE TABLE metric_5m_rest PARTITION OF metric_5m DEFAULT;
CREATE TABLE metric_1h (LIKE metric_5m, PRIMARY KEY (series_id, ts)) PARTITION BY RANGE (ts);
CREATE TABLE metric_1h_rest PARTITION OF metric_1h DEFAULT;

-- The newest sample of each series.
CREATE TABLE metric_latest (
    series_id int8 PRIMARY KEY REFERENCES metric_series,
    ts timestamptz NOT NULL,
    value numeric NOT NULL,
    -- The time from which samples are neither rolled up nor queued for it; null if all are.
    unrolled_from timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The times from which samples, and rows of five minutes, are kept.
CREATE TABLE metric_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    samples_from timestamptz NOT NULL DEFAULT '-infinity',
    fine_from timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO metric_horizon DEFAULT VALUES;

-- Buckets of five minutes whose samples changed, queued for their rollup. A transaction that stores a sample of a closed bucket adds a row.
-- Rows are only added and deleted, so nothing waits, and a bucket may be queued twice.
CREATE TABLE touched_buckets (
    series_id int8 NOT NULL,
    -- The start of the first bucket, and the end of the last.
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CHECK (since < until)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX touched_buckets_by_series ON touched_buckets (series_id);

-- The change of the fleet's equity in each five minutes, of the samples that are rolled up; by the hour once the rows of five minutes are
-- dropped. The curve of a large fleet is made of these rows. An empty symbol stands for all symbols.
CREATE TABLE equity_changes (
    symbol text NOT NULL,
    currency text NOT NULL,
    ts timestamptz NOT NULL,
    runtime_mode text NOT NULL,
    change numeric NOT NULL,
    samples int8 NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (symbol, currency, ts, runtime_mode)
) WITH (fillfactor = 80);

-- Series of equity that equity_changes has under another mode than that of their instance.
CREATE TABLE misbooked_series (
    series_id int8 PRIMARY KEY
);

-- The fleet's equity, noted once a minute: the newest value of each series by then, summed by mode and currency.
CREATE TABLE fleet_equity (
    ts timestamptz NOT NULL,
    runtime_mode text NOT NULL,
    currency text NOT NULL,
    equity numeric NOT NULL,
    -- The number of instances in the sum; null for sums that were noted by earlier releases.
    instances int8,
    PRIMARY KEY (ts, runtime_mode, currency)
);

-- ======================================================================================== exposure, executions, costs

-- The current positions of each instance.
CREATE TABLE positions (
    instance_id text NOT NULL REFERENCES instances,
    symbol text NOT NULL,
    net_exposure numeric NOT NULL CHECK (net_exposure NOT IN ('NaN', 'Infinity', '-Infinity')),
    gross_exposure numeric NOT NULL CHECK (gross_exposure NOT IN ('NaN', 'Infinity', '-Infinity')),
    updated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    -- The instance's mode, under which exposure_totals has the position; null for a retired instance.
    runtime_mode text,
    -- The currency of the exposure; empty if none was reported.
    currency text NOT NULL DEFAULT '',
    PRIMARY KEY (instance_id, symbol)
) WITH (fillfactor = 80);

-- Sums of positions, kept by triggers. Each connection has its own rows (slot); slot 0 has the sums of ended connections.
CREATE TABLE exposure_totals (
    symbol text NOT NULL,
    runtime_mode text NOT NULL,
    slot int4 NOT NULL,
    net numeric NOT NULL,
    gross numeric NOT NULL,
    positions int8 NOT NULL,
    currency text NOT NULL DEFAULT '',
    PRIMARY KEY (symbol, currency, runtime_mode, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Samples of executions. An id is unique among the samples of its time; a repeated report has both. The checks have the names that they
-- have in databases of older releases.
CREATE SEQUENCE execution_ordinals;
CREATE TABLE execution_samples (
    ordinal int8 NOT NULL DEFAULT nextval('execution_ordinals'),
    instance_id text NOT NULL,
    symbol text NOT NULL,
    slippage_bps numeric NOT NULL
        CONSTRAINT execution_samples_slippage_bps_check1 CHECK (slippage_bps NOT IN ('NaN', 'Infinity', '-Infinity')),
    latency_ms numeric NOT NULL
        CONSTRAINT execution_samples_latency_ms_check1 CHECK (latency_ms >= 0 AND latency_ms NOT IN ('NaN', 'Infinity')),
    fill_ratio numeric NOT NULL
        CONSTRAINT execution_samples_fill_ratio_check1 CHECK (fill_ratio BETWEEN 0 AND 1),
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sample_id text,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (instance_id, sample_id, ts)
) PARTITION BY RANGE (ts);
CREATE TABLE execution_samples_rest PARTITION OF execution_samples DEFAULT;
CREATE INDEX ON execution_samples (ts DESC, ordinal DESC);
CREATE INDEX ON execution_samples (symbol, ts DESC, ordinal DESC);
CREATE INDEX ON execution_samples (instance_id, ts DESC, ordinal DESC);
CREATE INDEX ON execution_samples (xid);

-- Sums of execution samples by symbol; they stay when partitions are dropped.
CREATE TABLE execution_totals (
    symbol text PRIMARY KEY,
    samples int8 NOT NULL,
    slippage numeric NOT NULL,
    latency numeric NOT NULL,
    fill numeric NOT NULL
) WITH (fillfactor = 80);

-- How often each value occurred, to three digits; percentiles are read from it. Measure 1 is the slippage, 2 the latency. An empty symbol
-- stands for all symbols.
CREATE TABLE execution_values (
    symbol text NOT NULL,
    measure int2 NOT NULL,
    value float8 NOT NULL,
    samples int8 NOT NULL,
    PRIMARY KEY (symbol, measure, value)
) WITH (fillfactor = 80);

-- Cost entries. They are added once, never change, and outlive their instance.
CREATE TABLE cost_entries (
    ordinal int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL,
    -- The instance's id of the entry. A repeated entry without one counts again.
    entry_id text,
    symbol text NOT NULL,
    cost_type text NOT NULL,
    amount numeric NOT NULL CHECK (amount NOT IN ('NaN', 'Infinity', '-Infinity')),
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    currency text,
    -- The value of one unit of the currency in the books' currency.
    fx_rate numeric CHECK (fx_rate > 0 AND fx_rate NOT IN ('NaN', 'Infinity')),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (instance_id, entry_id)
);
CREATE INDEX cost_entries_newest ON cost_entries (ts DESC, ordinal DESC);
CREATE INDEX cost_entries_by_symbol ON cost_entries (symbol, instance_id, cost_type);
CREATE INDEX cost_entries_by_instance ON cost_entries (instance_id, ts DESC, ordinal DESC);
CREATE INDEX cost_entries_by_xid ON cost_entries (xid);

-- Sums of cost entries, in the currency in which they are summed (`booked_currency`).
CREATE TABLE cost_balances (
    instance_id text NOT NULL,
    symbol text NOT NULL,
    cost_type text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    entries int8 NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, symbol, cost_type, currency)
) WITH (fillfactor = 80);
CREATE INDEX cost_balances_by_symbol ON cost_balances (symbol);

-- The sums of costs and of executions include all rows of transactions below `xid`. Rows of later transactions are added when a sum is
-- read, so it is exact at any moment.
CREATE TABLE sum_horizons (
    name text PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT '0',
    -- The database that the transaction numbers belong to (`database_identity`). A restored dump has that of another one.
    home text,
    -- Rows up to this ordinal are included, whatever their transaction number is; they came from a restored dump.
    summed_to int8 NOT NULL DEFAULT 0
);

-- The newest reported rate: the value of one unit of `currency` in `quote`. Rates into another currency than the books' are not used.
CREATE TABLE fx_rates (
    quote text NOT NULL,
    currency text NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0 AND rate NOT IN ('NaN', 'Infinity')),
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    reported_by text NOT NULL,
    PRIMARY KEY (quote, currency)
);

-- ======================================================================================================== performance

-- The amounts of each instance in a currency, noted every half minute (`note_performance`). Null if nothing of the kind was reported.
CREATE TABLE performance_parts (
    instance_id text NOT NULL,
    -- Empty for the books' currency.
    currency text NOT NULL,
    realized numeric,
    unrealized numeric,
    fees numeric,
    funding numeric,
    equity numeric,
    -- The highest noted equity.
    peak numeric,
    -- The amounts when this day began (UTC), and the net PnL six days before.
    realized_today numeric NOT NULL DEFAULT 0,
    unrealized_today numeric NOT NULL DEFAULT 0,
    fees_today numeric NOT NULL DEFAULT 0,
    funding_today numeric NOT NULL DEFAULT 0,
    equity_today numeric,
    net_week numeric NOT NULL DEFAULT 0,
    -- When the amounts of the past were computed.
    marked_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (instance_id, currency)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The change of the net PnL of each instance on each day that has ended (UTC), by currency, under the mode that it had then. Days without a
-- change have no row. The rows outlive their instance.
CREATE TABLE pnl_days (
    day date NOT NULL,
    instance_id text NOT NULL,
    currency text NOT NULL,
    runtime_mode text NOT NULL,
    realized numeric NOT NULL,
    unrealized numeric NOT NULL,
    fees numeric NOT NULL,
    funding numeric NOT NULL,
    PRIMARY KEY (day, instance_id, currency)
);

-- Days before yesterday for which reports have arrived late, by instance. Their net PnL is computed again (`note_performance`).
CREATE TABLE late_days (
    instance_id text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (instance_id, day)
);

-- The performance of each instance, in its only currency or in the books'. `rate` is the value of one unit of that currency in the books'.
CREATE TABLE instance_performance (
    instance_id text PRIMARY KEY,
    currency text,
    rate numeric,
    equity numeric,
    net_pnl_today numeric,
    net_pnl_week numeric,
    -- The net PnL of this day, divided by the equity when it began.
    return_today float8,
    -- The part of the highest equity that is lost.
    drawdown float8,
    gross_exposure numeric,
    exposure_currency text,
    exposure_rate numeric,
    -- The mean slippage of this day.
    slippage_bps float8
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- When the performance of all instances was noted.
CREATE TABLE performance_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    noted_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO performance_horizon DEFAULT VALUES;

-- Sums of the execution samples of each instance and day (UTC), of the last week.
CREATE TABLE execution_days (
    day date NOT NULL,
    instance_id text NOT NULL,
    samples int8 NOT NULL,
    slippage numeric NOT NULL,
    PRIMARY KEY (day, instance_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- ============================================================================================================ trading

-- An amount. NaN and infinity are rejected, because a single one would poison every sum.
CREATE DOMAIN amount AS numeric CHECK (VALUE NOT IN ('NaN', 'Infinity', '-Infinity'));

-- The descriptions that instances report of themselves. Written only when the content of a heartbeat is new. `sent_at` is its time.
CREATE TABLE instance_profiles (
    instance_id text PRIMARY KEY REFERENCES instances,
    software text,
    strategy_name text,
    strategy_version text,
    strategy_hash text,
    ui_url text,
    symbols text[] NOT NULL,
    sent_at timestamptz NOT NULL,
    -- Why the instance is in its state.
    state_cause text
);

-- Changes of an instance's version or strategy, as its heartbeats reported them. A value that has not changed is null.
CREATE TABLE deployments (
    deployment_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    version text,
    version_before text,
    strategy_version text,
    strategy_version_before text,
    strategy_hash text,
    strategy_hash_before text,
    UNIQUE (instance_id, at)
);
CREATE INDEX deployments_newest ON deployments (at DESC, deployment_id DESC);

-- The accounts that an instance trades on.
CREATE TABLE instance_accounts (
    instance_id text NOT NULL REFERENCES instances,
    venue text NOT NULL,
    account_id text NOT NULL,
    runtime_mode text NOT NULL,
    PRIMARY KEY (instance_id, venue, account_id)
);
CREATE INDEX instance_accounts_by_account ON instance_accounts (venue, account_id);

-- Orders as their instances last reported them.
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

-- Executions of orders. They are added once, never change, and outlive their instance, as their costs do.
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

-- Trades as their instances last reported them. They outlive their instance. `runtime_mode` is that of the account, or else of the instance,
-- at the first report.
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
    -- When it closed; for an open trade, when it opened. Lists are in its order.
    last_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(closed_at, opened_at)) STORED,
    current_price amount,
    unrealized_profit amount,
    PRIMARY KEY (instance_id, trade_id),
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX trades_newest ON trades (last_at DESC, ordinal DESC);
CREATE INDEX trades_by_instance ON trades (instance_id, last_at DESC, ordinal DESC);
CREATE INDEX trades_open ON trades (instance_id) WHERE status = 'OPEN';
CREATE INDEX trades_closed ON trades (closed_at) WHERE status = 'CLOSED';

-- The newest balances of each account, as an array of objects with currency, total and free.
CREATE TABLE account_balances (
    instance_id text NOT NULL REFERENCES instances,
    venue text NOT NULL,
    account_id text NOT NULL,
    balances jsonb NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, venue, account_id)
) WITH (fillfactor = 80);

-- How many log lines an instance has reported. Line number n is in the slot n modulo the number of kept lines.
CREATE TABLE log_counts (
    instance_id text PRIMARY KEY REFERENCES instances,
    lines int8 NOT NULL
) WITH (fillfactor = 50);

-- The newest log lines of each instance.
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

-- Records that differ between a bot and the books, with both sides.
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

-- =========================================================================================================== commands

-- Commands to instances; they outlive their instance. Commands of an instance are numbered (`ordinal`) while its row is locked, so numbers
-- are in commit order. A command that needs approval gets its number when it is approved.
CREATE SEQUENCE command_ordinals;
CREATE TABLE commands (
    command_id uuid PRIMARY KEY,
    instance_id text NOT NULL,
    command_type text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    status text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    reason text,
    supersedes uuid REFERENCES commands,
    -- A command is delivered with each poll until it is acknowledged. Delivery is not a status.
    first_delivered_at timestamptz,
    delivery_count int8 NOT NULL DEFAULT 0,
    -- The actor of the last change of the status, for the history.
    changed_by text,
    -- The bulk command that this one is part of.
    bulk_id uuid,
    ordinal int8 DEFAULT nextval('command_ordinals'),
    -- The outcome that the instance reported after the command had ended.
    late_outcome text,
    -- Whether the command raises an alert if it is not executed.
    is_critical bool,
    CHECK (expires_at > issued_at)
);
-- Polls of agents read only this index.
CREATE INDEX commands_pending ON commands (instance_id, issued_at, command_id) WHERE status = 'PENDING';
CREATE INDEX commands_open ON commands (instance_id) WHERE status IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED');
CREATE INDEX commands_expiring ON commands (expires_at) WHERE status IN ('PENDING', 'AWAITING_APPROVAL');
CREATE INDEX commands_newest ON commands (created_at DESC, command_id DESC);
CREATE INDEX commands_by_instance ON commands (instance_id, created_at DESC, command_id DESC);
CREATE INDEX commands_by_status ON commands (status, created_at DESC, command_id DESC);
CREATE INDEX commands_by_bulk ON commands (bulk_id, created_at DESC, command_id DESC) WHERE bulk_id IS NOT NULL;
CREATE INDEX commands_by_supersedes ON commands (supersedes) WHERE supersedes IS NOT NULL;

-- Every acknowledgement, and the status and outcome that the command had after it.
CREATE TABLE command_acknowledgements (
    ack_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    command_id uuid NOT NULL REFERENCES commands,
    ordinal int8 GENERATED ALWAYS AS IDENTITY,
    instance_id text NOT NULL,
    status text NOT NULL,
    reason text,
    ts timestamptz NOT NULL,
    command_status text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    -- Attached by the instance as proof.
    evidence jsonb,
    -- Null if the command had not ended before the acknowledgement.
    command_outcome text
);
CREATE INDEX command_acknowledgements_by_command ON command_acknowledgements (command_id, ordinal);

-- The history of each command.
CREATE TABLE command_events (
    ordinal int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id uuid NOT NULL REFERENCES commands,
    event text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX command_events_by_command ON command_events (command_id, ordinal);

-- Each approval of a command, with the hash of what was approved (`command_digest`).
CREATE TABLE command_approvals (
    command_id uuid NOT NULL REFERENCES commands ON DELETE CASCADE,
    approver text NOT NULL,
    digest text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The server's signature of the approval.
    key_id text,
    seal text,
    PRIMARY KEY (command_id, approver)
);

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

-- Accepted commands that have not finished.
CREATE TABLE unfinished_commands (
    command_id uuid PRIMARY KEY REFERENCES commands,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whether an alert was raised.
    is_reported bool NOT NULL DEFAULT false
);
CREATE INDEX unfinished_commands_oldest ON unfinished_commands (accepted_at, command_id) WHERE NOT is_reported;

-- Critical commands that were not executed, until an alert is raised.
CREATE TABLE failed_commands (
    command_id uuid PRIMARY KEY REFERENCES commands,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The responses to requests with an idempotency key, so that a repeated request gets the same response.
CREATE TABLE idempotency_keys (
    actor text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of the request.
    request text NOT NULL,
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, operation, key)
);
CREATE INDEX idempotency_keys_oldest ON idempotency_keys (created_at);

-- ============================================================================================================ modules

-- Modules and their schedules. A deleted module keeps its row, because its runs refer to it.
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
    deleted_at timestamptz,
    missed_run_policy text NOT NULL DEFAULT 'RUN_ONCE',
    queue_timeout_seconds int8,
    run_timeout_seconds int8,
    -- When the schedule is due next; null without a schedule.
    next_run_at timestamptz
);
CREATE INDEX modules_by_name ON modules (name, module_id) WHERE deleted_at IS NULL;
CREATE INDEX modules_due ON modules (next_run_at) WHERE deleted_at IS NULL AND enabled;

-- Runs of modules. A run has an end exactly if it has ended.
CREATE TABLE module_runs (
    run_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    module_id uuid NOT NULL REFERENCES modules,
    trigger_type text NOT NULL,
    status text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    summary text,
    claimed_by text,
    claimed_at timestamptz,
    -- The worker counts as alive until then.
    lease_expires_at timestamptz,
    progress float8,
    progress_message text,
    CHECK ((ended_at IS NULL) = (status IN ('QUEUED', 'RUNNING')))
);
CREATE INDEX module_runs_newest ON module_runs (started_at DESC, run_id DESC);
CREATE INDEX module_runs_by_module ON module_runs (module_id, started_at DESC, run_id DESC);
CREATE INDEX module_runs_by_status ON module_runs (status, started_at DESC, run_id DESC);
CREATE INDEX module_runs_ended ON module_runs (ended_at DESC, run_id DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX module_runs_queued ON module_runs (started_at, run_id) WHERE status = 'QUEUED';

-- ============================================================================================== alerts, notifications

-- Alerts. The index alerts_live allows one live alert per source and target.
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
    -- The actor for the audit log, which gets the alert after the first attempt to notify; null if it gets none.
    raised_by text,
    is_audited bool NOT NULL DEFAULT false,
    last_queued_at timestamptz,
    last_notified_at timestamptz,
    CHECK ((resolved_at IS NULL) = (status <> 'RESOLVED'))
);
CREATE UNIQUE INDEX alerts_live ON alerts (source, target_type, target_id) WHERE status <> 'RESOLVED';
CREATE INDEX alerts_of_target ON alerts (target_type, target_id) WHERE status <> 'RESOLVED';
CREATE INDEX alerts_newest ON alerts (first_at DESC, alert_id DESC);
CREATE INDEX alerts_by_status ON alerts (status, first_at DESC, alert_id DESC);
CREATE INDEX alerts_by_target ON alerts (target_id, source, first_at DESC);
CREATE INDEX alerts_unaudited ON alerts (first_at) WHERE raised_by IS NOT NULL AND NOT is_audited;

-- Alerts that enqueue no notifications for a while.
CREATE TABLE alert_silences (
    source text NOT NULL,
    target_type text NOT NULL,
    target_id text NOT NULL,
    silenced_until timestamptz NOT NULL,
    silenced_by text NOT NULL,
    reason text,
    PRIMARY KEY (source, target_type, target_id)
);

-- Notifications. They commit with the alert.
CREATE TABLE notifications (
    notification_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    severity text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    alert_id uuid REFERENCES alerts,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Whether its deliveries exist.
    is_routed bool NOT NULL DEFAULT false
);
CREATE INDEX notifications_unrouted ON notifications (created_at) WHERE NOT is_routed;
CREATE INDEX notifications_by_alert ON notifications (alert_id);
CREATE INDEX notifications_oldest ON notifications (created_at);

-- Deliveries: one notification to one target.
CREATE TABLE notification_deliveries (
    delivery_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    notification_id uuid NOT NULL REFERENCES notifications,
    target text NOT NULL,
    status text NOT NULL DEFAULT 'PENDING',
    attempts int8 NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- A server is sending it until then.
    claimed_until timestamptz,
    sent_at timestamptz,
    last_error text,
    -- The subscriptions that accepted a delivery of the target `push` whose other subscriptions failed: the next attempt omits them.
    reached uuid[]
);
CREATE INDEX notification_deliveries_due ON notification_deliveries (target, next_attempt_at) WHERE status = 'PENDING';
CREATE INDEX notification_deliveries_newest ON notification_deliveries (created_at DESC, delivery_id DESC);
CREATE INDEX notification_deliveries_failed ON notification_deliveries (created_at DESC) WHERE status = 'DEAD';
CREATE INDEX notification_deliveries_by_notification ON notification_deliveries (notification_id);

-- The rate limit of each target, shared by all servers.
CREATE TABLE notification_targets (
    target text PRIMARY KEY,
    -- When the whole allowance is available again (the theoretical arrival time of a leaky bucket).
    restored_at timestamptz NOT NULL DEFAULT now(),
    -- The target asked for no messages until then.
    blocked_until timestamptz NOT NULL DEFAULT now()
);

-- Browsers that receive CRITICAL notifications by web push.
CREATE TABLE push_subscriptions (
    subscription_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Whose browser it is. Without a valid token of this name it gets no messages.
    principal text NOT NULL,
    -- The URL at the push service, and the keys of the browser in URL-safe Base64.
    endpoint text NOT NULL UNIQUE,
    p256dh text NOT NULL,
    auth text NOT NULL,
    device text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    last_error text
);
CREATE INDEX push_subscriptions_of_principal ON push_subscriptions (principal);

-- ===================================================================================================== reconciliation

-- Comparisons of the exchange's equity with that of the books; they outlive their instance.
CREATE TABLE reconcile_results (
    reconcile_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id text NOT NULL,
    exchange_equity numeric NOT NULL,
    internal_equity numeric NOT NULL,
    difference numeric NOT NULL,
    status text NOT NULL,
    ts timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    -- The status that was submitted; `status` is the one that the amounts give.
    reported_status text NOT NULL,
    is_difference_wrong bool NOT NULL DEFAULT false,
    submitted_by text,
    is_audited bool NOT NULL DEFAULT false
);
CREATE INDEX reconcile_results_newest ON reconcile_results (ts DESC, reconcile_id DESC);
CREATE INDEX reconcile_results_by_instance ON reconcile_results (instance_id, ts DESC, reconcile_id DESC);
CREATE INDEX reconcile_results_unaudited ON reconcile_results (received_at) WHERE submitted_by IS NOT NULL AND NOT is_audited;

-- ========================================================================================================== audit log

-- The audit log. Triggers reject every change of an entry. It and its seals are partitioned by month through the entry's number, so that a
-- month's entries and seals are exported and dropped together. Numbers jump at the start of a month (`first_audit_ordinal`).
CREATE SEQUENCE audit_log_ordinal_seq AS int8;
CREATE TABLE audit_log (
    ordinal int8 PRIMARY KEY DEFAULT nextval('audit_log_ordinal_seq'),
    -- Unique within each partition.
    audit_id uuid NOT NULL DEFAULT gen_random_uuid(),
    actor text NOT NULL,
    action text NOT NULL,
    target_type text NOT NULL,
    target_id text NOT NULL,
    result text NOT NULL,
    details jsonb NOT NULL,
    ts timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (ordinal);
ALTER SEQUENCE audit_log_ordinal_seq OWNED BY audit_log.ordinal;
CREATE INDEX audit_log_newest ON audit_log (ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_target ON audit_log (target_id, ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_actor ON audit_log (actor, ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_action ON audit_log (action, ts DESC, ordinal DESC);
CREATE INDEX audit_log_by_run ON audit_log ((details ->> 'run_id')) WHERE details ? 'run_id';
CREATE INDEX audit_log_by_reconcile ON audit_log ((details ->> 'reconcile_id')) WHERE details ? 'reconcile_id';

-- The chain: each seal is a hash of its entry and of the previous seal.
CREATE TABLE audit_seals (
    -- The primary key of each partition. Only `seal_audit` assigns it, one call at a time.
    position int8 NOT NULL,
    ordinal int8 NOT NULL UNIQUE,
    hash bytea NOT NULL,
    -- The id of the key of an HMAC; null for a SHA-256, which anybody can compute.
    key_id text
) PARTITION BY RANGE (ordinal);

-- Entries without a seal.
CREATE TABLE audit_unsealed (ordinal int8 PRIMARY KEY);

-- The months of the log. A column that is set keeps its value, except `verified_position`.
CREATE TABLE audit_months (
    -- The first day of the month. In a migrated log the oldest month includes all earlier entries.
    month date PRIMARY KEY,
    first_ordinal int8 NOT NULL UNIQUE,
    -- The time since which no entry is added.
    closed_at timestamptz,
    -- The last seal up to the end of the month, set once all of the month's entries are sealed. The chain continues from it.
    last_position int8,
    head bytea,
    -- The last seal verified so far, before the month is dropped.
    verified_position int8,
    dropped_at timestamptz,
    -- The key of the last seal.
    key_id text
);

-- One row for each export of a month, added once its file is on disk.
CREATE TABLE audit_exports (
    month date NOT NULL REFERENCES audit_months,
    exported_at timestamptz NOT NULL DEFAULT now(),
    exported_by text NOT NULL,
    file text NOT NULL,
    sha256 bytea NOT NULL,
    last_position int8 NOT NULL,
    head bytea NOT NULL,
    PRIMARY KEY (month, exported_at)
);

-- ============================================================================================================= events

-- Changes, for clients that watch. An event becomes visible once no older transaction is running, in the order of the transaction numbers:
-- below the oldest running transaction the log is complete (PostgreSQL manual, 9.27, "pg_snapshot_xmin").
CREATE TABLE event_log (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event_id int8 GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    key text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (xid, event_id)
);
CREATE INDEX event_log_oldest ON event_log (at);

-- The newest event that was deleted.
CREATE TABLE event_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    xid xid8 NOT NULL DEFAULT '0',
    event_id int8 NOT NULL DEFAULT 0
);
INSERT INTO event_horizon DEFAULT VALUES;

-- ============================================================================================================= access

-- Tokens of people and agents. Only the SHA-256 of a secret is stored, in hexadecimal. A person has at most one token that was neither
-- revoked nor replaced.
CREATE TABLE access_tokens (
    token_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    roles text[] NOT NULL,
    -- The instance of an agent's token. It may be unknown yet.
    instance_id text,
    hash text NOT NULL UNIQUE,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    -- Whose token it is: a rotated token has the identity of its predecessor.
    identity uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The lifetime of each successor of an enrolled agent's credential, which the agent rotates; null for all other tokens.
    lifetime_seconds int8
);
CREATE UNIQUE INDEX access_tokens_by_name ON access_tokens (name) WHERE instance_id IS NULL AND revoked_at IS NULL;
CREATE INDEX access_tokens_newest ON access_tokens (created_at DESC, token_id DESC);
CREATE INDEX access_tokens_by_identity ON access_tokens (identity);
CREATE INDEX access_tokens_of_agents ON access_tokens (instance_id) WHERE instance_id IS NOT NULL;
CREATE UNIQUE INDEX access_tokens_enrolled ON access_tokens (instance_id) WHERE lifetime_seconds IS NOT NULL AND revoked_at IS NULL;

-- Codes that agents exchange for their credentials.
CREATE TABLE enrolment_codes (
    code_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    hash text NOT NULL UNIQUE,
    -- The bots whose instances may enrol; empty for any.
    bot_ids text[] NOT NULL,
    count int8 NOT NULL,
    used int8 NOT NULL DEFAULT 0,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (used BETWEEN 0 AND count)
);
CREATE INDEX enrolment_codes_newest ON enrolment_codes (created_at DESC, code_id DESC);

-- Sessions of the dashboard: the SHA-256 of the cookie's secret and of the token that opened the session. A session has the permissions that
-- its token has now. The sessions of people from an OpenID provider have a hash that is no token's.
CREATE TABLE web_sessions (
    hash text PRIMARY KEY,
    token_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- Identifies the session without revealing its secret. The audit log has the first 16 digits.
    session_id uuid NOT NULL GENERATED ALWAYS AS ("left"(hash, 32)::uuid) STORED,
    -- Null if a server of release 1.2 opened it.
    principal text,
    address text,
    browser text,
    -- When its user last opened a page or sent a form, to half a minute.
    used_at timestamptz NOT NULL DEFAULT now(),
    -- Null if an OpenID provider does not state it.
    authenticated_at timestamptz DEFAULT now()
);
CREATE INDEX web_sessions_oldest ON web_sessions (expires_at);
CREATE UNIQUE INDEX web_sessions_by_id ON web_sessions (session_id);
CREATE INDEX web_sessions_newest ON web_sessions (created_at DESC, session_id DESC);

-- People who sign in at an OpenID provider: an issuer and a subject (OpenID Connect Core 1.0, section 2). The name is for people and never changes.
CREATE TABLE openid_people (
    issuer text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);

CREATE TABLE openid_sessions (
    hash text PRIMARY KEY REFERENCES web_sessions ON DELETE CASCADE,
    issuer text NOT NULL,
    subject text NOT NULL,
    -- The roles of the person's groups at the last check.
    roles text[] NOT NULL,
    -- The provider's tokens, encrypted under the secret of the session, which only the browser has.
    tokens text NOT NULL,
    -- When the provider last confirmed the person's groups.
    checked_at timestamptz NOT NULL DEFAULT now(),
    -- Until then no other server asks the provider.
    claimed_until timestamptz,
    -- Since when the provider has not responded; null if it has.
    failing_since timestamptz,
    FOREIGN KEY (issuer, subject) REFERENCES openid_people
);

-- How users arrange the tables of the dashboard. A user is the name of a token, which survives its rotation.
CREATE TABLE table_layouts (
    principal text NOT NULL,
    table_name text NOT NULL,
    -- A TableLayout of the contract.
    layout jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, table_name)
);

-- Lists of the dashboard with filters, an order and columns that users have saved.
CREATE TABLE saved_views (
    view_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    principal text NOT NULL,
    list text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    is_default bool NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (principal, list, name)
);
CREATE UNIQUE INDEX saved_views_default ON saved_views (principal, list) WHERE is_default;

-- Wrong tokens at the dashboard's sign-in page, by address.
CREATE TABLE login_failures (
    address text PRIMARY KEY,
    failures int4 NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now()
);

-- ==================================================================================================== background work

-- When each periodic job was last completed, by any server.
CREATE TABLE jobs (
    name text PRIMARY KEY,
    succeeded_at timestamptz NOT NULL DEFAULT now()
);

-- The reports of agents that each server answered in its last minute, and those among them that failed with 500.
CREATE TABLE ingest_counts (
    server_id uuid PRIMARY KEY,
    noted_at timestamptz NOT NULL,
    requests int8 NOT NULL,
    failures int8 NOT NULL
);

-- The time until which servers have listened to instances.
CREATE TABLE listening (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    until timestamptz NOT NULL DEFAULT now()
);
INSERT INTO listening DEFAULT VALUES;

-- Times in which no server listened, or none reached the database. Missing heartbeats do not count then.
CREATE TABLE listening_gaps (
    started_at timestamptz NOT NULL,
    ended_at timestamptz PRIMARY KEY,
    CHECK (started_at < ended_at)
);

-- =========================================================================================================== routines

-- They are created here because the statements below use them. Servers replace them whenever they have a newer revision. Their bodies refer
-- to each other and to the views below, so PostgreSQL must not check them yet.
SET LOCAL check_function_bodies = off;
\ir routines/alerts.sql
\ir routines/audit.sql
\ir routines/books.sql
\ir routines/bounds.sql
\ir routines/commands.sql
\ir routines/costs.sql
\ir routines/equity.sql
\ir routines/events.sql
\ir routines/executions.sql
\ir routines/exposure.sql
\ir routines/fleet.sql
\ir routines/listening.sql
\ir routines/metrics.sql
\ir routines/partitions.sql
\ir routines/performance.sql
\ir routines/policy.sql
\ir routines/presence.sql
\ir routines/retirement.sql
\ir routines/roles.sql
\ir routines/sums.sql

-- ============================================================================================================== views

-- The mode that an instance's amounts count for, including retired instances.
CREATE VIEW instance_modes AS
SELECT instance_id, runtime_mode FROM instance_live
UNION ALL
SELECT instance_id, last_live ->> 'runtime_mode' FROM instances WHERE retired_at IS NOT NULL;

-- The exchanges of the fleet, each by the first of its reported spellings.
CREATE VIEW exchanges AS
SELECT exchange_key(exchange) AS key, min(exchange COLLATE "C") AS name FROM instance_live GROUP BY 1;

-- The values of each series: the samples while they are kept, before that the last one of each five minutes, before that of each hour.
CREATE VIEW metric_history AS
SELECT series_id, ts, value FROM metric_samples
UNION ALL
SELECT series_id, last_at, last
FROM metric_5m
WHERE ts < (SELECT samples_from FROM metric_horizon)
    AND ts >= (SELECT fine_from FROM metric_horizon)
UNION ALL
SELECT series_id, last_at, last
FROM metric_1h
WHERE ts < (SELECT fine_from FROM metric_horizon);

-- Rows that the sums do not include yet. The planner takes a range of transactions for a small part of the table, which it is.
CREATE VIEW unsummed_costs AS
SELECT instance_id, symbol, cost_type, booked_currency(cost) AS currency, booked_amount(cost) AS amount, ts, xid
FROM cost_entries AS cost
WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'costs')
    AND xid < (SELECT transactions_end('costs'))
    AND ordinal > (SELECT summed_to FROM sum_horizons WHERE name = 'costs');

CREATE VIEW unsummed_executions AS
SELECT symbol, slippage_bps, latency_ms, fill_ratio, xid, instance_id, ts
FROM execution_samples
WHERE xid >= (SELECT xid FROM sum_horizons WHERE name = 'executions')
    AND xid < (SELECT transactions_end('executions'))
    AND ordinal > (SELECT summed_to FROM sum_horizons WHERE name = 'executions');

-- The exact sums of costs.
CREATE VIEW cost_sums AS
SELECT instance_id, symbol, cost_type, currency, amount, entries, last_at FROM cost_balances
UNION ALL
SELECT instance_id, symbol, cost_type, currency, amount, 1, ts FROM unsummed_costs;

-- The noted amounts with the net PnL and its change since this day began; null if neither profit nor cost was reported. The
-- change is null until the past is computed.
CREATE VIEW performance AS
SELECT
    instance_id, currency, equity, equity_today, peak, CASE WHEN marked_at > '-infinity' THEN net_week END AS net_week, part.net,
    CASE
        WHEN marked_at > '-infinity' THEN part.net - (realized_today + unrealized_today - fees_today + funding_today)
    END AS net_today
FROM performance_parts
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN num_nonnulls(realized, unrealized, fees, funding) > 0
                THEN coalesce(realized, 0) + coalesce(unrealized, 0) - coalesce(fees, 0) + coalesce(funding, 0)
        END AS net
) AS part;

-- The changes of the net PnL on each day, this one included.
CREATE VIEW pnl_changes AS
SELECT day, instance_id, currency, runtime_mode, realized, unrealized, fees, funding FROM pnl_days
UNION ALL
SELECT
    (now() AT TIME ZONE 'UTC')::date, instance_id, currency, runtime_mode, coalesce(realized, 0) - realized_today,
    coalesce(unrealized, 0) - unrealized_today, coalesce(fees, 0) - fees_today, coalesce(funding, 0) - funding_today
FROM performance_parts
JOIN instance_live USING (instance_id)
WHERE marked_at > '-infinity';

INSERT INTO sum_horizons (name, home) VALUES ('costs', database_identity()), ('executions', database_identity());

-- =========================================================================================================== triggers

-- Counts, status and sums of the fleet.
CREATE TRIGGER bots_are_counted
    AFTER INSERT ON bots
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_fleet();
CREATE TRIGGER bots_are_removed
    AFTER DELETE ON bots
    FOR EACH ROW EXECUTE FUNCTION note_removal();
CREATE TRIGGER instances_are_counted
    AFTER INSERT ON instances
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_fleet();
CREATE TRIGGER instances_are_removed
    AFTER DELETE ON instances
    FOR EACH ROW EXECUTE FUNCTION note_removal();
CREATE TRIGGER instances_leave
    AFTER UPDATE OF bot_id ON instances
    FOR EACH ROW
    WHEN (NEW.bot_id <> OLD.bot_id)
    EXECUTE FUNCTION note_move();
CREATE TRIGGER instances_move
    AFTER UPDATE OF bot_id ON instances
    FOR EACH ROW
    WHEN (NEW.bot_id <> OLD.bot_id)
    EXECUTE FUNCTION forget_fingerprint('instance_id');
CREATE TRIGGER instances_retire
    AFTER UPDATE OF retired_at ON instances
    FOR EACH ROW
    WHEN ((OLD.retired_at IS NULL) <> (NEW.retired_at IS NULL))
    EXECUTE FUNCTION note_retirement();
CREATE TRIGGER instances_return
    AFTER INSERT ON instance_live
    FOR EACH ROW EXECUTE FUNCTION note_return();
CREATE TRIGGER instances_change_mode
    AFTER UPDATE OF runtime_mode ON instance_live
    FOR EACH ROW
    WHEN (OLD.runtime_mode <> NEW.runtime_mode)
    EXECUTE FUNCTION move_positions();
CREATE TRIGGER instances_deploy
    AFTER UPDATE OF version ON instance_live
    FOR EACH ROW
    WHEN (OLD.version <> NEW.version)
    EXECUTE FUNCTION note_version();
CREATE TRIGGER strategies_deploy
    AFTER UPDATE OF strategy_version, strategy_hash ON instance_profiles
    FOR EACH ROW
    WHEN (OLD.strategy_version <> NEW.strategy_version OR OLD.strategy_hash <> NEW.strategy_hash)
    EXECUTE FUNCTION note_strategy();
CREATE TRIGGER instances_stop_live
    BEFORE UPDATE OF runtime_mode ON instance_live
    FOR EACH ROW
    WHEN (OLD.runtime_mode = 'LIVE' AND NEW.runtime_mode <> 'LIVE')
    EXECUTE FUNCTION note_live_end();
CREATE TRIGGER instances_boot
    AFTER INSERT ON instance_boots
    FOR EACH ROW EXECUTE FUNCTION forget_boots();
CREATE TRIGGER positions_are_added
    AFTER INSERT ON positions
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION sum_exposure();
CREATE TRIGGER positions_change
    AFTER UPDATE ON positions
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION sum_exposure();
CREATE TRIGGER positions_are_removed
    AFTER DELETE ON positions
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION sum_exposure();

-- Commands.
CREATE TRIGGER commands_are_classified
    BEFORE INSERT ON commands
    FOR EACH ROW
    WHEN (NEW.is_critical IS NULL)
    EXECUTE FUNCTION note_critical_command();
CREATE TRIGGER commands_are_created
    AFTER INSERT ON commands
    FOR EACH ROW EXECUTE FUNCTION note_command_change();
CREATE TRIGGER commands_change
    AFTER UPDATE ON commands
    FOR EACH ROW
    WHEN (
        OLD.status <> NEW.status
        OR (OLD.first_delivered_at IS NULL AND NEW.first_delivered_at IS NOT NULL)
        OR OLD.late_outcome IS DISTINCT FROM NEW.late_outcome
    )
    EXECUTE FUNCTION note_command_change();

-- Alerts.
CREATE TRIGGER alerts_are_raised
    AFTER INSERT ON alerts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_of_alerts();
CREATE TRIGGER alerts_are_raised_again
    AFTER UPDATE ON alerts
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_of_alerts();
CREATE TRIGGER instances_are_lost
    AFTER INSERT ON alerts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION forget_fingerprints();

-- The audit log.
CREATE TRIGGER audit_log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_seals_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_log_is_sealed
    AFTER INSERT ON audit_log
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_unsealed();
CREATE TRIGGER audit_exports_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_exports
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_months_stay
    BEFORE DELETE OR TRUNCATE ON audit_months
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_months_are_append_only
    BEFORE UPDATE ON audit_months
    FOR EACH ROW
    WHEN (
        NOT jsonb_strip_nulls(to_jsonb(OLD) - 'verified_position') <@ to_jsonb(NEW)
    )
    EXECUTE FUNCTION refuse_audit_change();

-- Events.
CREATE TRIGGER instances_make_events
    AFTER INSERT OR UPDATE OF bot_id ON instances
    FOR EACH ROW EXECUTE FUNCTION note_event('instance', 'instance_id', 'bot_id');
CREATE TRIGGER instances_make_retirement_events
    AFTER UPDATE OF retired_at, deleted_at ON instances
    FOR EACH ROW EXECUTE FUNCTION note_event('instance', 'instance_id', 'bot_id', 'retired_at');
CREATE TRIGGER commands_make_events
    AFTER INSERT OR UPDATE OF status, late_outcome ON commands
    FOR EACH ROW EXECUTE FUNCTION note_command_event();
CREATE TRIGGER modules_make_events
    AFTER INSERT OR UPDATE OF name, enabled, execution_mode, schedule_cron, config, deleted_at ON modules
    FOR EACH ROW EXECUTE FUNCTION note_event('module', 'module_id', 'name', 'enabled', 'deleted_at');
CREATE TRIGGER module_runs_make_events
    AFTER INSERT OR UPDATE OF status, progress ON module_runs
    FOR EACH ROW EXECUTE FUNCTION note_event('module_run', 'run_id', 'module_id', 'status', 'progress');
CREATE TRIGGER alerts_make_events
    AFTER INSERT ON alerts
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_alert_events();
CREATE TRIGGER alerts_make_events_again
    AFTER UPDATE ON alerts
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_alert_events();
CREATE TRIGGER reconcile_results_make_events
    AFTER INSERT ON reconcile_results
    FOR EACH ROW EXECUTE FUNCTION note_event('reconcile', 'reconcile_id', 'instance_id', 'status');

-- ========================================================================================================= partitions

-- The maintenance adds and drops partitions from now on.
SELECT arrange_partitions('metric_samples', '1 day', 7, '7 days');
SELECT arrange_partitions('execution_samples', '1 day', 7, '30 days');
SELECT arrange_partitions('heartbeat_presence', '30 days', 2, '400 days');

-- The first month of the audit log. Its upper bound is set by the maintenance (`bound_audit_month`), and its indexes are named as after the
-- migration of an existing log.
DO $$
DECLARE
    this CONSTANT date := date_trunc('month', now() AT TIME ZONE 'UTC');
    entries CONSTANT text := audit_part('audit_log', this);
    seals CONSTANT text := audit_part('audit_seals', this);
    part record;
BEGIN
    INSERT INTO audit_months (month, first_ordinal) VALUES (this, 1);
    EXECUTE format('CREATE TABLE %I (LIKE audit_log INCLUDING DEFAULTS, UNIQUE (audit_id))', entries);
    EXECUTE format('ALTER TABLE %I ALTER COLUMN ordinal DROP DEFAULT', entries);
    EXECUTE format('CREATE TABLE %I (LIKE audit_seals, PRIMARY KEY (position))', seals);
    PERFORM
        attach_audit_part('audit_log', entries, 'FROM (MINVALUE) TO (MAXVALUE)'),
        attach_audit_part('audit_seals', seals, 'FROM (MINVALUE) TO (MAXVALUE)');
    FOR part IN
        SELECT index.relname AS found, replace(parent.relname, 'audit_log', entries) AS wanted
        FROM pg_inherits
        JOIN pg_class AS index ON index.oid = inhrelid
        JOIN pg_class AS parent ON parent.oid = inhparent
        WHERE parent.relkind = 'I'
            AND parent.relname LIKE 'audit\_log\_%'
            AND index.relname <> replace(parent.relname, 'audit_log', entries)
    LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', part.found, part.wanted);
    END LOOP;
END
$$;
