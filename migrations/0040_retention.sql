-- What old rows are found and removed by.
CREATE INDEX notifications_oldest ON notifications (created_at);
CREATE INDEX commands_by_supersedes ON commands (supersedes) WHERE supersedes IS NOT NULL;
