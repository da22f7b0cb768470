-- name: latestResource :optional
-- in: instance_id text?
-- out: instance_id text, cpu_pct numeric, memory_pct numeric
SELECT cpu.instance_id, cpu_sample.value AS cpu_pct, memory_sample.value AS memory_pct
FROM metric_series AS cpu
JOIN metric_latest AS cpu_sample ON cpu_sample.series_id = cpu.series_id
JOIN metric_series AS memory
    ON (memory.instance_id, memory.metric_type, memory.symbol) = (cpu.instance_id, 'resource_memory_pct', 'system')
JOIN metric_latest AS memory_sample ON memory_sample.series_id = memory.series_id
WHERE (cpu.metric_type, cpu.symbol) = ('resource_cpu_pct', 'system')
    AND (:instance_id IS NULL OR cpu.instance_id = :instance_id)
ORDER BY cpu_sample.ts DESC, cpu.instance_id
LIMIT 1
