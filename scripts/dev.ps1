# Starts Flotilla and its PostgreSQL with Docker Desktop: the dashboard on http://127.0.0.1:3000, the API on http://127.0.0.1:8000.
# Ctrl-C stops both; the data stay in the volume. Missing secrets are written to .env.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Set-Location (Split-Path -Parent $PSScriptRoot)

function New-Secret {
    $bytes = New-Object 'System.Byte[]' 32
    $generator = [System.Security.Cryptography.RandomNumberGenerator]::Create()
    $generator.GetBytes($bytes)
    ($bytes | ForEach-Object { $_.ToString('x2') }) -join ''
}

# Adds what is missing, also to a file of an earlier release. Without a byte order mark, which docker compose would read as part of the first name.
$file = Join-Path (Get-Location) '.env'
$text = if (Test-Path $file) { [System.IO.File]::ReadAllText($file) } else { '' }
if ($text -ne '' -and -not $text.EndsWith("`n")) { $text += "`n" }
foreach ($name in 'ADMIN_TOKEN', 'POSTGRES_PASSWORD', 'SERVER_PASSWORD', 'AUDIT_KEY') {
    if ($text -notmatch "(?m)^$name=.") {
        $text += "$name=$(New-Secret)`n"
        Write-Host "wrote a random $name to .env"
    }
}
[System.IO.File]::WriteAllText($file, $text)
docker compose up --build
exit $LASTEXITCODE
