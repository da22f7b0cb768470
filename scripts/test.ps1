# Runs every test in a container, on a PostgreSQL of its own.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path -Parent $PSScriptRoot)

docker compose run --rm --build test
exit $LASTEXITCODE
