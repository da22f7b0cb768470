-- The number of instances in each noted sum of the fleet's equity; null for sums that were noted by earlier releases.
ALTER TABLE fleet_equity ADD COLUMN instances int8;
