-- The layouts of tables and the saved views of the dashboard's users.

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
