-- Verifies a part of the audit log: the seals behind `after`, 5,000 at most, and the entries among theirs. An entry without a seal and without
-- a place in the queue for one was slipped in. Behind the last seal, the newest entries and the queue.
CREATE FUNCTION verify_audit_part(
    after int8,
    OUT last_position int8,
    OUT checked int8,
    OUT head bytea,
    OUT broken_at int8,
    OUT reason text
) LANGUAGE plpgsql AS $$
DECLARE
    -- The entries between these were sealed by the part, but for some that committed late.
    low int8;
    high int8;
BEGIN
    SELECT part.last_position, part.checked, part.head, part.broken_at, part.reason
    INTO last_position, checked, head, broken_at, reason
    FROM verify_audit(after) AS part;
    IF broken_at IS NOT NULL THEN RETURN; END IF;
    SELECT coalesce(max(ordinal), 0) INTO low FROM audit_seals WHERE position > after - 5000 AND position <= after;
    IF checked > 0 THEN
        SELECT greatest(max(ordinal), low) INTO high FROM audit_seals WHERE position > after AND position <= last_position;
    END IF;
    SELECT min(ordinal) INTO broken_at
    FROM audit_log
    WHERE ordinal > low
        AND ordinal <= coalesce(high, 9223372036854775807)
        AND NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.ordinal = audit_log.ordinal)
        AND NOT EXISTS (SELECT FROM audit_unsealed WHERE audit_unsealed.ordinal = audit_log.ordinal);
    IF checked = 0 THEN
        SELECT least(broken_at, min(ordinal)) INTO broken_at
        FROM audit_unsealed
        WHERE NOT EXISTS (SELECT FROM audit_log WHERE audit_log.ordinal = audit_unsealed.ordinal);
    END IF;
    IF broken_at IS NOT NULL THEN reason := 'the entry was never sealed, or is missing'; END IF;
END
$$;
