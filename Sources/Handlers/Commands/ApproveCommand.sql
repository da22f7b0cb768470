-- Decides on a command that waits for approval. An approved command is delivered after all earlier commands of its instance.
-- name: decideCommand :optional
-- import: Generated
-- in: command_id uuid, status text(CommandStatus), actor text
-- out: CommandRow
UPDATE commands
SET status = :status,
    ordinal = CASE WHEN :status = 'PENDING' THEN nextval('command_ordinals') ELSE ordinal END,
    changed_by = :actor
WHERE command_id = :command_id
    AND status = 'AWAITING_APPROVAL'
    AND expires_at > statement_timestamp()
RETURNING
    command_id, instance_id, command_type, issued_at, expires_at, payload, status, reason, supersedes, created_by, created_at,
    first_delivered_at, delivery_count, command_outcome(status, first_delivered_at, late_outcome) AS outcome,
    superseded_outcome(supersedes)

-- Stores an approval of a command that waits for one, and returns the hash of what is approved. Returns no row if the command does not wait,
-- or if the approver has approved it already.
-- name: insertApproval :optional
-- in: command_id uuid, approver text, key_id text?, seal text?
-- out: digest text
INSERT INTO command_approvals AS known (command_id, approver, digest, key_id, seal)
SELECT command_id, :approver, command_digest(commands), :key_id, :seal
FROM commands
WHERE command_id = :command_id
    AND status = 'AWAITING_APPROVAL'
    AND expires_at > statement_timestamp()
ON CONFLICT (command_id, approver) DO UPDATE SET
    digest = excluded.digest,
    approved_at = clock_timestamp(),
    key_id = excluded.key_id,
    seal = excluded.seal
WHERE (known.digest, known.seal) IS DISTINCT FROM (excluded.digest, excluded.seal)
RETURNING digest

-- The approvals of a command as it is now.
-- name: listApprovals :many
-- in: command_id uuid
-- out: approver text, approved_at timestamptz, key_id text?, seal text?
SELECT approver, approved_at, key_id, seal
FROM command_approvals
JOIN commands USING (command_id)
WHERE command_id = :command_id
    AND digest = command_digest(commands)
ORDER BY approved_at, approver

-- An approval that does not suffice yet, in the command's history.
-- name: noteApproval :exec
-- in: command_id uuid, actor text
INSERT INTO command_events (command_id, event, actor)
VALUES (:command_id, 'APPROVAL', :actor)

-- The owner of a token and everyone who issued it, directly or through other tokens, at a time; now if it is null.
-- name: tokenIssuers :many
-- in: principal text, at timestamptz?
-- out: name text
SELECT name
FROM token_issuers(:principal, coalesce(:at, statement_timestamp())) AS issuer (name)
ORDER BY name
