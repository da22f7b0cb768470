-- The half minutes in which heartbeats arrived.

-- Notes the half minute that has just passed, once, for each instance with a heartbeat since its start.
CREATE OR REPLACE FUNCTION note_presence() RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    start timestamptz := date_bin('30 seconds', now(), '2000-01-03T00:00:00Z') - interval '30 seconds';
    day timestamptz := date_trunc('day', start, 'UTC');
    slot int4 := extract(epoch FROM start - day) / 30;
BEGIN
    UPDATE presence_horizon SET noted = start WHERE noted < start;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO heartbeat_presence AS known (instance_id, ts, slots)
    SELECT instance_id, day, set_bit(decode(repeat('00', 360), 'hex'), slot, 1)
    FROM instance_live
    WHERE last_received_at >= start
    ORDER BY instance_id
    ON CONFLICT (instance_id, ts) DO UPDATE SET slots = set_bit(known.slots, slot, 1);
    RETURN true;
END
$$;

-- The last `count` noted half minutes, oldest first: 1 with a heartbeat, 0 without, - if the instance did not exist or nothing was noted.
CREATE OR REPLACE FUNCTION presence(instance text, count int4) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    at timestamptz;
    known_from timestamptz;
    day timestamptz := '-infinity';
    bits bytea;
    found text := '';
BEGIN
    SELECT greatest(noted, '2000-01-03') - (count - 1) * interval '30 seconds', greatest(since, created_at) - interval '30 seconds'
    INTO at, known_from
    FROM presence_horizon
    LEFT JOIN instances ON instance_id = instance;
    FOR slot IN 1..count LOOP
        IF day <> date_trunc('day', at, 'UTC') THEN
            day := date_trunc('day', at, 'UTC');
            SELECT slots INTO bits FROM heartbeat_presence WHERE instance_id = instance AND ts = day;
        END IF;
        found := found || CASE
            WHEN get_bit(bits, (extract(epoch FROM at - day) / 30)::int4) = 1 THEN '1'
            WHEN at < known_from THEN '-'
            ELSE '0'
        END;
        at := at + interval '30 seconds';
    END LOOP;
    RETURN found;
END
$$;
