# Runs all tests in a container with its own PostgreSQL.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path -Parent $PSScriptRoot)

docker compose run --rm --build test
exit $LASTEXITCODE
