SELECT 1;
-- name: one :single
-- out: n int8
SELECT 1
-- name: two :one
SELECT 1
-- name: three :many
-- in: id uuidd, unused text, plain
-- out: n int8
SELECT :idd
-- name: three :exec
-- out: n int8
-- name: four :batch
-- out: n int8
SELECT 1
