-- A heartbeat without a boot_id is superseded while a process with one is running.
ALTER TABLE instance_live
    -- The process that sent the newest heartbeat; null if it named none.
    ADD COLUMN boot_id text;
