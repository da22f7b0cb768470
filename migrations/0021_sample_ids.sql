-- What the instance knows a sample by; those without one cannot be told apart.
ALTER TABLE execution_samples
    ADD COLUMN sample_id text,
    ADD UNIQUE (instance_id, sample_id);
