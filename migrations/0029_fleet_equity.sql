-- The fleet's equity, noted once a minute: what each instance had reported last by then, summed by mode and currency. A chart of the whole fleet
-- reads a row for each minute, however many samples there are; samples that come late change only what is noted after them.
CREATE TABLE fleet_equity (
    ts timestamptz NOT NULL,
    runtime_mode text NOT NULL,
    currency text NOT NULL,
    equity numeric NOT NULL,
    PRIMARY KEY (ts, runtime_mode, currency)
);

-- Notes this minute's equity, once, and forgets what is older than 400 days.
CREATE FUNCTION note_equity() RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    minute CONSTANT timestamptz := date_trunc('minute', now(), 'UTC');
BEGIN
    IF EXISTS (SELECT FROM fleet_equity WHERE ts = minute) THEN RETURN false; END IF;
    INSERT INTO fleet_equity
    SELECT minute, live.runtime_mode, series.currency, sum(newest.value)
    FROM metric_series AS series
    JOIN metric_latest AS newest USING (series_id)
    JOIN instance_live AS live USING (instance_id)
    WHERE series.metric_type = 'equity'
    GROUP BY live.runtime_mode, series.currency
    ON CONFLICT DO NOTHING;
    DELETE FROM fleet_equity WHERE ts < minute - interval '400 days';
    RETURN true;
END
$$;
