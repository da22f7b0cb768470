-- The next sequence numbers of a key for instances. They follow the clock, so that a restored backup does not repeat numbers, and ignore a stored
-- number that is more than a day ahead, because only an edit explains it.
-- name: nextSequences :many
-- in: instance_ids text[], key_id text
-- out: instance_id text, sequence int8
INSERT INTO command_sequences AS known (instance_id, key_id, sequence)
SELECT instance_id, :key_id, (extract(epoch FROM clock_timestamp()) * 1000000)::int8
FROM unnest(:instance_ids::text[]) AS target (instance_id)
ON CONFLICT (instance_id, key_id) DO UPDATE SET
    sequence = CASE
        WHEN known.sequence < excluded.sequence + 86400000000 THEN greatest(known.sequence + 1, excluded.sequence)
        ELSE excluded.sequence
    END
RETURNING instance_id, sequence

-- Takes the sequence number that a person has signed; whether it is above the earlier ones, and at most a day ahead.
-- name: takeSequence :exec
-- in: instance_id text, key_id text, sequence int8
INSERT INTO command_sequences AS known (instance_id, key_id, sequence)
SELECT :instance_id, :key_id, :sequence
WHERE :sequence::int8 <= (extract(epoch FROM clock_timestamp()) * 1000000)::int8 + 86400000000
ON CONFLICT (instance_id, key_id) DO UPDATE SET sequence = excluded.sequence
WHERE known.sequence < excluded.sequence

-- Stores signatures by one key, instead of earlier ones for the same purpose.
-- name: insertSignatures :exec
-- import: Generated
-- in: command_ids text[], purpose text(SignaturePurpose), key_id text, sequences text[], payload text?, signatures text[]
INSERT INTO command_signatures (command_id, purpose, key_id, sequence, payload, signature)
SELECT command_id, :purpose, :key_id, sequence, :payload, signature
FROM unnest(:command_ids::text[]::uuid[], :sequences::text[]::int8[], :signatures::text[]) AS new (command_id, sequence, signature)
ON CONFLICT (command_id, purpose) DO UPDATE SET
    key_id = excluded.key_id,
    sequence = excluded.sequence,
    payload = excluded.payload,
    signature = excluded.signature

-- name: signaturesOf :many
-- in: command_ids text[]
-- out: command_id uuid, purpose text(SignaturePurpose), key_id text, sequence int8, payload text?, signature text
SELECT command_id, purpose, key_id, sequence, payload, signature
FROM command_signatures
WHERE command_id = ANY (:command_ids::text[]::uuid[])
ORDER BY purpose DESC

-- name: deleteSignature :exec
-- in: command_id uuid, purpose text(SignaturePurpose)
DELETE FROM command_signatures
WHERE (command_id, purpose) = (:command_id, :purpose)
