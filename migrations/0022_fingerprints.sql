-- What the newest heartbeat said, but for its time, as a number: the next one that says the same changes times and nothing else. It is
-- null while something has to be looked at with the next heartbeat: a lost instance is back, or the instance has another bot.
ALTER TABLE instance_live ADD COLUMN fingerprint int8;

CREATE FUNCTION forget_fingerprint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE instance_live SET fingerprint = NULL WHERE instance_id = to_jsonb(NEW) ->> TG_ARGV[0];
    RETURN NULL;
END
$$;

CREATE TRIGGER instances_are_lost
    AFTER INSERT ON alerts
    FOR EACH ROW
    WHEN (NEW.source = 'heartbeat_monitor' AND NEW.target_type = 'instance')
    EXECUTE FUNCTION forget_fingerprint('target_id');
CREATE TRIGGER instances_move
    AFTER UPDATE OF bot_id ON instances
    FOR EACH ROW
    WHEN (NEW.bot_id <> OLD.bot_id)
    EXECUTE FUNCTION forget_fingerprint('instance_id');
