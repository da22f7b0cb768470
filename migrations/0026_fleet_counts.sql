-- How many bots and instances there are, counted as they come, so that a page of the fleet need not count them.
CREATE TABLE fleet_counts (
    slot int4 PRIMARY KEY,
    bots int8 NOT NULL,
    instances int8 NOT NULL
);
INSERT INTO fleet_counts SELECT 0, (SELECT count(*) FROM bots), (SELECT count(*) FROM instances);

-- Bots without an instance are few.
ALTER TABLE bots ADD COLUMN has_instance bool NOT NULL DEFAULT false;
UPDATE bots SET has_instance = true WHERE EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id);
CREATE INDEX bots_without_instance ON bots (bot_id) WHERE NOT has_instance;

-- Each connection counts in a row of its own, so that nobody waits for anybody.
CREATE FUNCTION count_fleet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet_counts AS known
    SELECT
        pg_backend_pid(),
        CASE TG_TABLE_NAME WHEN 'bots' THEN count(*) ELSE 0 END,
        CASE TG_TABLE_NAME WHEN 'instances' THEN count(*) ELSE 0 END
    FROM added
    HAVING count(*) > 0
    ON CONFLICT (slot) DO UPDATE SET bots = known.bots + excluded.bots, instances = known.instances + excluded.instances;
    IF TG_TABLE_NAME = 'instances' THEN
        UPDATE bots
        SET has_instance = true
        WHERE bot_id IN (
            SELECT bot_id FROM bots WHERE bot_id IN (SELECT bot_id FROM added) AND NOT has_instance ORDER BY bot_id FOR NO KEY UPDATE
        );
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER bots_are_counted
    AFTER INSERT ON bots
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_fleet();
CREATE TRIGGER instances_are_counted
    AFTER INSERT ON instances
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_fleet();

-- A bot may lose its last instance to another bot.
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM bots WHERE bot_id IN (OLD.bot_id, NEW.bot_id) ORDER BY bot_id FOR UPDATE;
    UPDATE bots
    SET has_instance = EXISTS (SELECT FROM instances WHERE instances.bot_id = bots.bot_id)
    WHERE bot_id IN (OLD.bot_id, NEW.bot_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER instances_leave
    AFTER UPDATE OF bot_id ON instances
    FOR EACH ROW
    WHEN (NEW.bot_id <> OLD.bot_id)
    EXECUTE FUNCTION note_move();
