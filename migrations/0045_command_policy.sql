-- Servers decide whether a command is critical, and note it with the command. A trigger decides for servers of earlier releases.

ALTER TABLE commands ADD COLUMN is_critical bool;
UPDATE commands
SET is_critical = coalesce(is_critical_command(command_type, payload), false)
WHERE status IN ('AWAITING_APPROVAL', 'PENDING', 'ACCEPTED');

CREATE FUNCTION note_critical_command() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.is_critical := coalesce(is_critical_command(NEW.command_type, NEW.payload), false);
    RETURN NEW;
END
$$;
CREATE TRIGGER commands_are_classified
    BEFORE INSERT ON commands
    FOR EACH ROW
    WHEN (NEW.is_critical IS NULL)
    EXECUTE FUNCTION note_critical_command();

-- The servers choose the size of a part.
DROP FUNCTION verify_audit_part(int8);
DROP FUNCTION drop_audit_month(interval);
