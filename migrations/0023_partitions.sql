-- What grows without an end lies in partitions by time: they are made ahead, and what is old goes with a whole one. The partition whose name
-- ends in "rest" takes the times that have none of their own.

-- Makes what is missing of a table's partitions, each `step` long, from what is still kept to `ahead` steps from now, and drops those that
-- are older. Steps are counted from 2000-01-03, a Monday; the name of a partition says when it begins, in UTC.
CREATE FUNCTION arrange_partitions(parent text, step interval, ahead int4, kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-03T00:00:00Z';
    start timestamptz;
    part text;
BEGIN
    -- Whoever holds the table for longer is waited for with the next look: everybody else would wait behind this one.
    PERFORM set_config('lock_timeout', '300ms', true);
    FOR start IN
        SELECT generate_series(date_bin(step, now() - kept, origin), date_bin(step, now(), origin) + ahead * step, step)
    LOOP
        part := parent || to_char(start AT TIME ZONE 'UTC', '_YYYYMMDDHH24');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
        EXECUTE format(
            'WITH moved AS (DELETE FROM %I WHERE ts >= %L AND ts < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
            parent || '_rest', start, start + step, part
        );
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, start, start + step);
    END LOOP;
    FOR part IN
        SELECT relname
        FROM pg_inherits
        JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = parent::regclass
            -- The name is read only where it is one: conditions are looked at in any order, and for other tables too.
            AND CASE
                WHEN relname ~ (parent || '_\d{10}$')
                    THEN to_timestamp(right(relname, 10), 'YYYYMMDDHH24')::timestamp AT TIME ZONE 'UTC' + step <= now() - kept
            END
    LOOP
        EXECUTE format('DROP TABLE %I', part);
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;

-- Samples have no reference to their series: nobody deletes one, and the check would cost more than the sample.
ALTER TABLE metric_samples RENAME TO old_samples;
ALTER INDEX metric_samples_pkey RENAME TO old_samples_pkey;
CREATE TABLE metric_samples (
    series_id int8 NOT NULL,
    ts timestamptz NOT NULL,
    value numeric NOT NULL CHECK (value NOT IN ('NaN', 'Infinity', '-Infinity')),
    PRIMARY KEY (series_id, ts)
) PARTITION BY RANGE (ts);
CREATE TABLE metric_samples_rest PARTITION OF metric_samples DEFAULT;

-- Samples of five minutes, and of an hour, in one row. What remains of them as a series is the last one.
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

-- The newest sample of each series, and from where on its samples are not rolled up; null when all of them are.
CREATE TABLE metric_latest (
    series_id int8 PRIMARY KEY REFERENCES metric_series,
    ts timestamptz NOT NULL,
    value numeric NOT NULL,
    unrolled_from timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX metric_series_by_type ON metric_series (metric_type, symbol);

-- From when on there are samples themselves, and from when on rows of five minutes.
CREATE TABLE metric_horizon (
    id bool PRIMARY KEY DEFAULT true CHECK (id),
    samples_from timestamptz NOT NULL DEFAULT '-infinity',
    fine_from timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO metric_horizon DEFAULT VALUES;

SELECT arrange_partitions('metric_samples', '1 day', 7, '7 days');
INSERT INTO metric_samples SELECT series_id, ts, value FROM old_samples;
INSERT INTO metric_latest
SELECT DISTINCT ON (series_id) series_id, ts, value, min(ts) OVER (PARTITION BY series_id)
FROM old_samples
ORDER BY series_id, ts DESC;
DROP TABLE old_samples;

-- What is known of each series: the samples while they are kept, the last one of each five minutes before, of each hour before that.
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

-- Rolls up what is not, of 500 series at most, as far as five minutes are over; how many series that were. Samples that came late make
-- their buckets anew, as long as the others of them are kept.
CREATE FUNCTION roll_metrics() RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    origin CONSTANT timestamptz := '2000-01-01T00:00:00Z';
    closed CONSTANT timestamptz := date_bin('5 minutes', now(), origin);
    series int8[];
BEGIN
    -- Whoever is storing samples of these series is waited for; the next statement sees them.
    series := ARRAY (
        SELECT series_id FROM metric_latest WHERE unrolled_from < closed ORDER BY series_id LIMIT 500 FOR NO KEY UPDATE
    );
    INSERT INTO metric_5m (series_id, ts, samples, sum, min, max, first, last, last_at)
    SELECT
        series_id, date_bin('5 minutes', sample.ts, origin), count(*), sum(sample.value), min(sample.value), max(sample.value),
        (array_agg(sample.value ORDER BY sample.ts))[1], (array_agg(sample.value ORDER BY sample.ts DESC))[1], max(sample.ts)
    FROM metric_latest
    JOIN metric_samples AS sample USING (series_id)
    CROSS JOIN metric_horizon
    WHERE series_id = ANY (series)
        AND sample.ts >= date_bin('5 minutes', greatest(unrolled_from, samples_from), origin)
        AND sample.ts < closed
    GROUP BY 1, 2
    ON CONFLICT (series_id, ts) DO UPDATE SET
        samples = excluded.samples, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, last_at = excluded.last_at;
    INSERT INTO metric_1h (series_id, ts, samples, sum, min, max, first, last, last_at)
    SELECT
        series_id, date_bin('1 hour', fine.ts, origin), sum(samples), sum(sum), min(min), max(max),
        (array_agg(first ORDER BY fine.ts))[1], (array_agg(last ORDER BY fine.ts DESC))[1], max(last_at)
    FROM metric_latest
    JOIN metric_5m AS fine USING (series_id)
    CROSS JOIN metric_horizon
    WHERE series_id = ANY (series)
        AND fine.ts >= date_bin('1 hour', greatest(unrolled_from, samples_from), origin)
        AND fine.ts < closed
    GROUP BY 1, 2
    ON CONFLICT (series_id, ts) DO UPDATE SET
        samples = excluded.samples, sum = excluded.sum, min = excluded.min, max = excluded.max,
        first = excluded.first, last = excluded.last, last_at = excluded.last_at;
    UPDATE metric_latest
    SET unrolled_from = CASE WHEN ts >= closed THEN closed END
    WHERE series_id = ANY (series);
    RETURN cardinality(series);
END
$$;

-- Makes and drops the partitions of metrics, and notes from when on there is what. Days are whole, so that a bucket is kept or is not.
CREATE FUNCTION arrange_metrics(samples_kept interval, fine_kept interval, coarse_kept interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day CONSTANT timestamptz := date_trunc('day', now(), 'UTC');
BEGIN
    -- First the horizon, then what lies before it: whoever reads finds each sample once.
    UPDATE metric_horizon
    SET samples_from = day - samples_kept,
        fine_from = day - fine_kept
    WHERE (samples_from, fine_from) IS DISTINCT FROM (day - samples_kept, day - fine_kept);
    PERFORM arrange_partitions('metric_samples', '1 day', 7, samples_kept);
    -- Samples that came when their day was gone already; they are few.
    DELETE FROM metric_samples_rest WHERE ts < day - coarse_kept;
    PERFORM arrange_partitions('metric_5m', '7 days', 2, fine_kept);
    PERFORM arrange_partitions('metric_1h', '91 days', 2, coarse_kept);
END
$$;

CREATE OR REPLACE FUNCTION equity_points(of_symbol text, of_mode text, of_currency text)
RETURNS TABLE (currency text, ts timestamptz, samples int8, equity numeric, peak numeric)
LANGUAGE sql STABLE AS $$
    WITH series AS MATERIALIZED (
        SELECT series.series_id, series.currency
        FROM metric_series AS series
        JOIN instance_live AS live USING (instance_id)
        WHERE series.metric_type = 'equity'
            AND (of_symbol IS NULL OR series.symbol = of_symbol)
            AND (of_mode IS NULL OR live.runtime_mode = of_mode)
    ),
    meant AS MATERIALIZED (
        SELECT coalesce(of_currency, (SELECT main_currency(array_agg(series.currency)) FROM series)) AS currency
    ),
    sample AS (
        SELECT history.ts, value - coalesce(lag(value) OVER (PARTITION BY series_id ORDER BY history.ts), 0) AS change
        FROM metric_history AS history
        JOIN series USING (series_id)
        JOIN meant USING (currency)
    ),
    total AS (
        SELECT sample.ts, count(*) AS samples, sum(sum(change)) OVER (ORDER BY sample.ts) AS equity
        FROM sample
        GROUP BY sample.ts
    )
    SELECT meant.currency, total.ts, total.samples, total.equity, max(total.equity) OVER (ORDER BY total.ts)
    FROM meant
    LEFT JOIN total ON true
$$;
