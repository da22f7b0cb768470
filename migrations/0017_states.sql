-- What an instance says of itself.
ALTER TABLE instance_live ADD COLUMN state text NOT NULL DEFAULT 'NORMAL';
