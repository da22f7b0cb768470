-- A series is what its samples share, so that a sample is a number, a time and a value.
CREATE TABLE metric_series (
    series_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL REFERENCES instances,
    metric_type text NOT NULL,
    symbol text NOT NULL,
    UNIQUE (instance_id, metric_type, symbol)
);

CREATE TABLE metric_samples (
    series_id int8 NOT NULL REFERENCES metric_series,
    ts timestamptz NOT NULL,
    value numeric NOT NULL,
    PRIMARY KEY (series_id, ts)
);
