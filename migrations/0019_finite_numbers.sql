-- No number that is none: one of them would make every sum one. Requests cannot carry them; whoever writes here by hand cannot either.
ALTER TABLE metric_samples ADD CHECK (value NOT IN ('NaN', 'Infinity', '-Infinity'));
ALTER TABLE positions
    ADD CHECK (net_exposure NOT IN ('NaN', 'Infinity', '-Infinity')),
    ADD CHECK (gross_exposure NOT IN ('NaN', 'Infinity', '-Infinity'));
ALTER TABLE execution_samples
    ADD CHECK (slippage_bps NOT IN ('NaN', 'Infinity', '-Infinity')),
    ADD CHECK (latency_ms >= 0 AND latency_ms NOT IN ('NaN', 'Infinity')),
    ADD CHECK (fill_ratio BETWEEN 0 AND 1);
ALTER TABLE cost_entries
    ADD CHECK (amount NOT IN ('NaN', 'Infinity', '-Infinity')),
    ADD CHECK (fx_rate > 0 AND fx_rate NOT IN ('NaN', 'Infinity'));
