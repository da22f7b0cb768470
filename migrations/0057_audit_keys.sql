-- The key of each seal: its id, or null for a seal that anybody can compute.
ALTER TABLE audit_seals ADD COLUMN key_id text;
-- The key of a month's last seal.
ALTER TABLE audit_months ADD COLUMN key_id text;
