-- The number of instances in each noted sum of the fleet's equity; null for sums that were noted by earlier releases.
ALTER TABLE fleet_equity ADD COLUMN instances int8;

-- Days before yesterday for which reports have arrived late, by instance. Their net PnL is computed again (`note_performance`).
CREATE TABLE late_days (
    instance_id text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (instance_id, day)
);
