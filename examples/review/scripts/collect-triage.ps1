<#
.SYNOPSIS
    Collects a triage package of a Windows device into one zip.
.DESCRIPTION
    Writes one CSV a topic (system, users, logons, processes with hashes, connections, services, drivers,
    tasks, autoruns, DNS, event logs, Defender) and a summary.json, and zips them in a new folder that only
    SYSTEM, the administrators and the caller can read. Nothing else on the device is changed.

    A topic that fails, or does not fit into the time, is named in the summary and does not fail the script:
    half a package is better than none. The exit code is 1 only when there is no package.
.PARAMETER Days
    How many days of event logs and recent files to look back: 1 to 30. The default is 3.
.PARAMETER OutDir
    The existing folder to create the package's folder in. The default is the system's temporary folder.
.PARAMETER MaxEvents
    The most events to read from each log: 100 to 20000. The default is 2000.
.PARAMETER MaxMinutes
    No topic starts after this many minutes: 1 to 9, as live response stops a script after 10. The default is 6.
.EXAMPLE
    run collect-triage.ps1 -parameters "-Days 7"
.EXAMPLE
    run collect-triage.ps1 -parameters "-Days 1 -OutDir D:\ir -MaxMinutes 3"
#>
#Requires -Version 5.1
[CmdletBinding()]
param(
    [ValidateRange(1, 90)] [int]$Days = 7,
    [ValidateNotNullOrEmpty()] [string]$OutDir = (Join-Path $env:SystemRoot 'Temp'),
    [ValidateRange(100, 20000)] [int]$MaxEvents = 2000,
    [ValidateRange(1, 9)] [int]$MaxMinutes = 6
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$started = Get-Date
$since = $started.AddDays(-$Days)
$deadline = $started.AddMinutes($MaxMinutes)
$hashes = @{}
$folder = $null

function Format-Time($Time) { if ($Time -is [datetime]) { $Time.ToUniversalTime().ToString('o') } }

# One hash a path, however many processes run it; large files would eat the time that the rest needs.
function Get-Sha256([string]$Path) {
    if (-not $Path) { return }
    if ($hashes.ContainsKey($Path)) { return $hashes[$Path] }
    if ((Get-Date) -gt $deadline) { return 'out of time' }
    try {
        $hash = 'over 100 MB'
        if ((Get-Item -LiteralPath $Path -Force -ErrorAction Stop).Length -le 100mb) {
            $hash = (Get-FileHash -LiteralPath $Path -Algorithm SHA256 -ErrorAction Stop).Hash.ToLowerInvariant()
        }
    } catch { $hash = 'unreadable' }
    $hashes[$Path] = $hash
    $hash
}

# Where a machine has no such log, that is no error.
function Test-Log([string]$Name) {
    $null -ne (Get-WinEvent -ListLog $Name -ErrorAction SilentlyContinue)
}

function Get-Wmi([string]$From) { Get-CimInstance -Query "SELECT * FROM $From" -OperationTimeoutSec 60 }

# Events as named values, because positions differ between versions of Windows. No event is no error.
function Get-Events([hashtable]$Filter) {
    $Filter['StartTime'] = $since
    try { $records = Get-WinEvent -FilterHashtable $Filter -MaxEvents $MaxEvents -ErrorAction Stop }
    catch { if ($_.FullyQualifiedErrorId -like 'NoMatchingEventsFound*') { return } else { throw } }
    foreach ($record in $records) {
        try {
            $values = ([xml]$record.ToXml()).SelectNodes("//*[local-name()='Data']") |
                ForEach-Object { '{0}={1}' -f $_.GetAttribute('Name'), $_.InnerText }
        } catch { $values = $record.Properties | ForEach-Object { $_.Value } } # Not every text survives XML.
        [pscustomobject]@{
            Time = Format-Time $record.TimeCreated; Log = $record.LogName; Id = $record.Id
            Level = $record.LevelDisplayName; Provider = $record.ProviderName; Data = $values -join '; '
        }
    }
}

# What is lost first comes first.
$topics = [ordered]@{
    'processes' = {
        $owners = @{}
        Get-Process -IncludeUserName -ErrorAction SilentlyContinue | ForEach-Object { $owners[[int]$_.Id] = $_.UserName }
        Get-Wmi Win32_Process | Select-Object 'ProcessId', 'ParentProcessId', 'SessionId', 'ExecutablePath', 'CommandLine',
            'Name', @{ n = 'User'; e = { $owners[[int]$_.ProcessId] } }, @{ n = 'Created'; e = { Format-Time $_.CreationDate } },
            @{ n = 'Sha256'; e = { Get-Sha256 $_.ExecutablePath } }
    }
    'tcp' = {
        Get-NetTCPConnection | Select-Object 'State', 'LocalAddress', 'LocalPort', 'RemoteAddress', 'RemotePort', 'OwningProcess',
            @{ n = 'Created'; e = { Format-Time $_.CreationTime } }
    }
    'udp' = { Get-NetUDPEndpoint | Select-Object 'LocalAddress', 'LocalPort', 'OwningProcess' }
    'dns-cache' = { Get-DnsClientCache | Select-Object 'Entry', 'Name', 'Type', 'Status', 'TimeToLive', 'Data' }
    'neighbours' = { Get-NetNeighbor | Select-Object 'InterfaceAlias', 'IPAddress', 'LinkLayerAddress', 'State' }
    'sessions' = {
        $times = @{}
        Get-Wmi Win32_LogonSession | ForEach-Object { $times[$_.LogonId] = $_ }
        Get-Wmi Win32_LoggedOnUser | Select-Object @{ n = 'Domain'; e = { $_.Antecedent.Domain } },
            @{ n = 'User'; e = { $_.Antecedent.Name } }, @{ n = 'LogonId'; e = { $_.Dependent.LogonId } },
            @{ n = 'LogonType'; e = { $times[$_.Dependent.LogonId].LogonType } },
            @{ n = 'Started'; e = { Format-Time $times[$_.Dependent.LogonId].StartTime } }
    }
    'smb-sessions' = { Get-SmbSession | Select-Object 'ClientComputerName', 'ClientUserName', 'NumOpens', 'SecondsExists' }
    'system' = {
        Get-Wmi Win32_OperatingSystem | Select-Object 'CSName', 'Caption', 'Version', 'BuildNumber', 'OSArchitecture',
            @{ n = 'Booted'; e = { Format-Time $_.LastBootUpTime } }, @{ n = 'Installed'; e = { Format-Time $_.InstallDate } }
    }
    'network' = {
        Get-Wmi 'Win32_NetworkAdapterConfiguration WHERE IPEnabled = TRUE' | Select-Object 'Description', 'MACAddress',
            @{ n = 'Address'; e = { $_.IPAddress -join ' ' } }, @{ n = 'Dns'; e = { $_.DNSServerSearchOrder -join ' ' } }
    }
    'users' = { Get-Wmi 'Win32_UserAccount WHERE LocalAccount = TRUE' | Select-Object 'Name', 'SID', 'Disabled', 'Lockout' }
    'administrators' = { Get-LocalGroupMember -SID S-1-5-32-544 | Select-Object 'Name', 'SID', 'ObjectClass', 'PrincipalSource' }
    'services' = { Get-Wmi Win32_Service | Select-Object 'Name', 'State', 'StartMode', 'StartName', 'PathName' }
    'drivers' = { Get-Wmi Win32_SystemDriver | Select-Object 'Name', 'State', 'StartMode', 'PathName' }
    'tasks' = {
        Get-ScheduledTask | Select-Object 'TaskPath', 'TaskName', 'State', 'Author', @{ n = 'User'; e = { $_.Principal.UserId } },
            @{ n = 'Actions'; e = { ($_.Actions | ForEach-Object { "$($_.Execute) $($_.Arguments) $($_.ClassId)" }) -join '; ' } }
    }
    'autoruns' = { Get-Wmi Win32_StartupCommand | Select-Object 'Name', 'User', 'Location', 'Command' }
    'events-logons' = { Get-Events @{ LogName = 'Security'; Id = 4624, 4625, 4648 } }
    'events-accounts' = { Get-Events @{ LogName = 'Security'; Id = 1102, 4697, 4698, 4720, 4724, 4728, 4732, 4756 } }
    'events-services' = { Get-Events @{ LogName = 'System'; ProviderName = 'Service Control Manager'; Id = 7045 } }
    'events-errors' = { Get-Events @{ LogName = 'System', 'Application'; Level = 1, 2 } }
    'events-defender' = { Get-Events @{ LogName = 'Microsoft-Windows-Windows Defender/Operational'; Id = 1116, 1117, 1119, 5001, 5007 } }
    'events-powershell' = { Get-Events @{ LogName = 'Microsoft-Windows-PowerShell/Operational'; Id = 4104; Level = 3 } }
    'defender' = {
        Get-MpThreatDetection | Select-Object 'ThreatID', 'ProcessName', 'DomainUser',
            @{ n = 'Resources'; e = { $_.Resources -join '; ' } }, @{ n = 'Detected'; e = { Format-Time $_.InitialDetectionTime } }
    }
    'prefetch' = {
        Get-ChildItem -LiteralPath (Join-Path $env:SystemRoot 'Prefetch') -Filter *.pf |
            Where-Object { $_.LastWriteTime -ge $since } | Select-Object 'Name', 'LastWriteTimeUtc'
    }
}

try {
    if (-not (Test-Path -LiteralPath $OutDir -PathType Container)) { throw "OutDir '$OutDir' is not a folder" }
    # A new folder of an unguessable name: nobody can have prepared it, and nobody else may read it.
    $name = 'triage-{0}-{1:yyyyMMdd-HHmmss}-{2:N}' -f $env:COMPUTERNAME, $started, [guid]::NewGuid()
    $folder = (New-Item -ItemType Directory -Path (Join-Path (Resolve-Path -LiteralPath $OutDir).ProviderPath $name)).FullName
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $grants = 'S-1-5-18', 'S-1-5-32-544', $me | ForEach-Object { "*${_}:(OI)(CI)F" }
    $null = & (Join-Path $env:SystemRoot 'System32\icacls.exe') $folder /inheritance:r /grant $grants
    if ($LASTEXITCODE -ne 0) { throw "could not restrict '$folder': icacls exited with $LASTEXITCODE" }
    $data = (New-Item -ItemType Directory -Path (Join-Path $folder 'data')).FullName

    $results = foreach ($topic in $topics.Keys) {
        $rows, $problems = @(), @()
        try {
            if ((Get-Date) -gt $deadline) { throw "not started: $MaxMinutes minutes had passed" }
            # One unreadable item must not cost a topic the others: errors come out among the rows.
            $found = @(& { $ErrorActionPreference = 'Continue'; & $topics[$topic] } 2>&1)
            $problems = @($found | Where-Object { $_ -is [Management.Automation.ErrorRecord] } | ForEach-Object { "$_" })
            $rows = @($found | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] })
            if ($rows) { $rows | Export-Csv -LiteralPath (Join-Path $data "$topic.csv") -NoTypeInformation -Encoding UTF8 }
        } catch { $problems += $_.Exception.Message }
        [pscustomobject]@{ Topic = $topic; Rows = $rows.Count; Problem = ($problems | Select-Object -Unique -First 5) -join '; ' }
    }

    [pscustomobject]@{
        Computer = $env:COMPUTERNAME; Started = Format-Time $started; Finished = Format-Time (Get-Date)
        Days = $Days; MaxEvents = $MaxEvents; Topics = @($results)
    } | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath (Join-Path $data 'summary.json') -Encoding UTF8

    $zip = Join-Path $folder "$name.zip"
    Compress-Archive -LiteralPath $data -DestinationPath $zip -ErrorAction Stop
    Remove-Item -LiteralPath $data -Recurse -Force

    $results | Where-Object { $_.Problem } | ForEach-Object { Write-Output ('incomplete: {0}: {1}' -f $_.Topic, $_.Problem) }
    Write-Output ('topics: {0} of {1}' -f @($results | Where-Object { -not $_.Problem }).Count, $topics.Count)
    Write-Output ('sha256: {0}' -f (Get-FileHash -LiteralPath $zip -Algorithm SHA256 -ErrorAction Stop).Hash.ToLowerInvariant())
    Write-Output ('package: {0}' -f $zip)
    exit 0
} catch {
    Write-Output ('error: {0}' -f $_.Exception.Message)
    if ($folder) { Write-Output "no package; what was collected is in: $folder" }
    exit 1
}
