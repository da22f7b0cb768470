# Brings the schema of the database up to date, and ends.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path -Parent $PSScriptRoot)

docker compose run --rm --build migrate
exit $LASTEXITCODE
