# Brings the database schema up to date.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path -Parent $PSScriptRoot)

docker compose run --rm --build migrate
exit $LASTEXITCODE
