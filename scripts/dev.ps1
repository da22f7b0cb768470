# Starts Flotilla and its PostgreSQL with Docker Desktop: the dashboard on http://127.0.0.1:3000, the API on http://127.0.0.1:8000.
# Ctrl-C stops both; the data stay in the volume. The first run writes .env with random secrets.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path -Parent $PSScriptRoot)

function New-Secret {
    $bytes = New-Object 'System.Byte[]' 24
    $generator = [System.Security.Cryptography.RandomNumberGenerator]::Create()
    $generator.GetBytes($bytes)
    ($bytes | ForEach-Object { $_.ToString('x2') }) -join ''
}

if (-not (Test-Path '.env')) {
    # Without a byte order mark, which docker compose would read as part of the first name.
    $lines = @("ADMIN_TOKEN=$(New-Secret)", "POSTGRES_PASSWORD=$(New-Secret)", '')
    [System.IO.File]::WriteAllText((Join-Path (Get-Location) '.env'), ($lines -join "`n"))
    Write-Host 'wrote .env with random secrets; ADMIN_TOKEN opens the dashboard'
}
docker compose up --build
exit $LASTEXITCODE
