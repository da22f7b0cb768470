-- Events for clients that watch for changes.

-- Notes a change of a row as an event. Arguments of the trigger: the kind, the column with the key, the columns that the event contains.
CREATE OR REPLACE FUNCTION note_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row jsonb := to_jsonb(NEW);
BEGIN
    INSERT INTO event_log (kind, key, data)
    SELECT TG_ARGV[0], row ->> TG_ARGV[1], coalesce(jsonb_object_agg(name, row -> name), '{}')
    FROM unnest(TG_ARGV[2:]) AS name;
    RETURN NULL;
END
$$;
