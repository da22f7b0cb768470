-- What the sweeper looks for.
CREATE INDEX commands_expiring ON commands (expires_at) WHERE status = 'PENDING';
