<#
.SYNOPSIS
    Lists what starts by itself on a Windows device: the usual places of persistence.
.DESCRIPTION
    Reads run keys, Active Setup, startup folders, services, scheduled tasks, WMI subscriptions, Winlogon, image
    file execution options, LSA packages and the DLLs of AppInit, AppCert, print monitors and netsh, and writes one
    entry each: category, place, name, value. It judges nothing and changes nothing.

    Only the hives of users who are logged on are loaded, so only their keys are read: loading another would
    change the device. The startup folders are read for every profile.

    A place that cannot be read becomes an entry of the category "unreadable" and does not fail the script: the
    exit code is 1 only when there is no list.
.PARAMETER Format
    Text (one line an entry) or Json. The default is Text.
.PARAMETER Category
    The categories to list, separated by commas: run, startup, service, task, wmi, winlogon, ifeo, dll, lsa. The
    default is all of them.
.PARAMETER Contains
    Lists only entries with this text, in any case, in their place, name or value.
.PARAMETER OutFile
    A file to write instead of the console, which cuts long output. It must not exist yet.
.EXAMPLE
    run list-persistence.ps1 -parameters "-Format Json -OutFile C:\Windows\Temp\persistence.json"
.EXAMPLE
    run list-persistence.ps1 -parameters "-Category task,service -Contains appdata"
#>
#Requires -Version 5.1
[CmdletBinding()]
param(
    [ValidateSet('Text', 'Json')] [string]$Format = 'Text',
    # No ValidateSet: `powershell -File` hands "run,startup" over as one text.
    [ValidatePattern('^[a-z]+(,[a-z]+)*$')] [string[]]$Category,
    [ValidateLength(1, 200)] [string]$Contains,
    [ValidateNotNullOrEmpty()] [string]$OutFile
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'

function New-Entry($Kind, [string]$Place, [string]$Name, [string]$Value) {
    [pscustomobject]@{ Category = $Kind; Place = $Place; Name = $Name; Value = $Value }
}

# The 64-bit view, also from a 32-bit PowerShell, which would otherwise be shown another registry.
$machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
$users = [Microsoft.Win32.RegistryKey]::OpenBaseKey('Users', 'Registry64')

# The values of a key, all of them or the named ones. A key that does not exist has none.
function Read-Values([string]$Kind, $Hive, [string]$Path, [string[]]$Only) {
    try {
        $key = $Hive.OpenSubKey($Path)
        if (-not $key) { return }
        foreach ($name in $key.GetValueNames()) {
            if ($Only -and $Only -notcontains $name) { continue }
            New-Entry $Kind $key.Name $name (@($key.GetValue($name, '', 'DoNotExpandEnvironmentNames')) -join ' | ')
        }
    } catch { New-Entry 'unreadable' "$($Hive.Name)\$Path" '' $_.Exception.Message }
}

# The same for each of its subkeys.
function Read-Subkeys([string]$Kind, $Hive, [string]$Path, [string[]]$Only) {
    try {
        $key = $Hive.OpenSubKey($Path)
        if (-not $key) { return }
        $subkeys = $key.GetSubKeyNames()
    } catch { return New-Entry 'unreadable' "$($Hive.Name)\$Path" '' $_.Exception.Message }
    foreach ($subkey in $subkeys) { Read-Values $Kind $Hive "$Path\$subkey" $Only }
}

$current = 'Microsoft\Windows\CurrentVersion'
$nt = 'Microsoft\Windows NT\CurrentVersion'
$setup = 'Microsoft\Active Setup\Installed Components'
$control = 'SYSTEM\CurrentControlSet\Control'
$views = 'SOFTWARE', 'SOFTWARE\WOW6432Node'
$readers = [ordered]@{
    'run' = {
        $names = 'Run', 'RunOnce', 'RunOnceEx', 'RunServices', 'Policies\Explorer\Run'
        $keys = foreach ($view in $views) { foreach ($name in $names) { "$view\$current\$name" } }
        foreach ($path in $keys) { Read-Values 'run' $machine $path }
        foreach ($view in $views) { Read-Subkeys 'run' $machine "$view\$setup" @('StubPath') }
        foreach ($sid in $users.GetSubKeyNames()) {
            foreach ($path in $keys) { Read-Values 'run' $users "$sid\$path" }
            Read-Values 'run' $users "$sid\SOFTWARE\$nt\Windows" @('Load', 'Run')
            Read-Values 'run' $users "$sid\Environment" @('UserInitMprLogonScript')
        }
    }
    'startup' = {
        $shell = "SOFTWARE\$current\Explorer\User Shell Folders"
        Read-Values 'startup' $machine $shell @('Common Startup')
        foreach ($sid in $users.GetSubKeyNames()) { Read-Values 'startup' $users "$sid\$shell" @('Startup') }
        $homes = Read-Subkeys 'startup' $machine "SOFTWARE\$nt\ProfileList" @('ProfileImagePath') |
            ForEach-Object { Join-Path ([Environment]::ExpandEnvironmentVariables($_.Value)) 'AppData\Roaming' }
        foreach ($folder in @($env:ProgramData) + $homes) {
            $folder = Join-Path $folder 'Microsoft\Windows\Start Menu\Programs\Startup'
            if (-not (Test-Path -LiteralPath $folder)) { continue }
            Get-ChildItem -LiteralPath $folder -File -Force | ForEach-Object {
                New-Entry 'startup' $folder $_.Name ('{0} bytes, written {1:u}' -f $_.Length, $_.LastWriteTimeUtc) }
        }
    }
    'service' = {
        Get-CimInstance -Query "SELECT * FROM Win32_Service WHERE StartMode <> 'Disabled'" -OperationTimeoutSec 60 |
            ForEach-Object { New-Entry 'service' "$($_.StartMode), $($_.State), as $($_.StartName)" $_.Name $_.PathName }
        # What svchost.exe loads is named apart from the service's path.
        $services = 'SYSTEM\CurrentControlSet\Services'
        foreach ($service in $machine.OpenSubKey($services).GetSubKeyNames()) {
            Read-Values 'service' $machine "$services\$service\Parameters" @('ServiceDll')
        }
    }
    'task' = {
        foreach ($task in Get-ScheduledTask) {
            $what = foreach ($action in $task.Actions) { "$($action.Execute) $($action.Arguments) $($action.ClassId)".Trim() }
            $who = "$($task.State), as $($task.Principal.UserId)$($task.Principal.GroupId)"
            New-Entry 'task' $who "$($task.TaskPath)$($task.TaskName)" ($what -join ' | ')
        }
    }
    'wmi' = {
        $found = foreach ($class in '__EventFilter', '__EventConsumer', '__FilterToConsumerBinding') {
            Get-CimInstance -Namespace 'root\subscription' -ClassName $class -OperationTimeoutSec 60
            Get-CimInstance -Namespace 'root\default' -ClassName $class -OperationTimeoutSec 60
        }
        foreach ($item in $found) {
            $parts = 'Query', 'CommandLineTemplate', 'ExecutablePath', 'ScriptText', 'ScriptFileName', 'Filter', 'Consumer' |
                Where-Object { $item.$_ } | ForEach-Object { "$_=$($item.$_)" }
            $place = "$($item.CimSystemProperties.Namespace):$($item.CimSystemProperties.ClassName)"
            New-Entry 'wmi' $place $item.Name ($parts -join ' | ')
        }
    }
    'winlogon' = {
        $names = 'Shell', 'Userinit', 'Taskman', 'AppSetup', 'VmApplet', 'System'
        Read-Values 'winlogon' $machine "SOFTWARE\$nt\Winlogon" $names
        foreach ($sid in $users.GetSubKeyNames()) { Read-Values 'winlogon' $users "$sid\SOFTWARE\$nt\Winlogon" $names }
        Read-Values 'winlogon' $machine "$control\Session Manager" @('BootExecute', 'SetupExecute', 'Execute')
    }
    'ifeo' = {
        $options = 'Image File Execution Options'
        foreach ($view in $views) { Read-Subkeys 'ifeo' $machine "$view\$nt\$options" @('Debugger', 'VerifierDlls') }
        foreach ($view in $views) { Read-Subkeys 'ifeo' $machine "$view\$nt\SilentProcessExit" @('MonitorProcess') }
    }
    'dll' = {
        foreach ($view in $views) { Read-Values 'dll' $machine "$view\$nt\Windows" @('AppInit_DLLs', 'LoadAppInit_DLLs') }
        foreach ($view in $views) { Read-Values 'dll' $machine "$view\Microsoft\Netsh" }
        Read-Values 'dll' $machine "$control\Session Manager\AppCertDlls"
        Read-Subkeys 'dll' $machine "$control\Print\Monitors" @('Driver')
    }
    'lsa' = {
        Read-Values 'lsa' $machine "$control\Lsa" @('Authentication Packages', 'Notification Packages', 'Security Packages')
        Read-Values 'lsa' $machine "$control\Lsa\OSConfig" @('Security Packages')
        Read-Values 'lsa' $machine "$control\SecurityProviders" @('SecurityProviders')
    }
}

try {
    $wanted = @(if ($Category) { $Category -split ',' } else { $readers.Keys })
    $unknown = @($wanted | Where-Object { -not $readers.Contains($_) })
    if ($unknown) { throw "no category '$($unknown[0])'; there are: $($readers.Keys -join ', ')" }
    # One unreadable place must not cost a category the others: errors come out among the entries.
    $entries = @(foreach ($kind in $wanted) {
        $found = try { & { $ErrorActionPreference = 'Continue'; & $readers[$kind] } 2>&1 } catch { $_ }
        foreach ($item in $found) {
            if ($item -is [Management.Automation.ErrorRecord]) { New-Entry 'unreadable' $kind '' "$item" } else { $item }
        }
    })
    $entries = @($entries | Where-Object {
        $_.Category -eq 'unreadable' -or
        "$($_.Place)`n$($_.Name)`n$($_.Value)".IndexOf("$Contains", [StringComparison]::OrdinalIgnoreCase) -ge 0
    })
    # A name or value is the attacker's to choose: it must not be able to start a line of its own.
    $lines = $entries | ForEach-Object { "[$($_.Category)] $($_.Place) : $($_.Name) = $($_.Value)" -replace '\p{C}', '?' }
    if ($Format -eq 'Json') { $lines = ConvertTo-Json -InputObject $entries -Depth 2 }
    if ($OutFile) {
        $file = New-Item -ItemType File -Path $OutFile # Without -Force, so that an existing file is an error.
        Set-Content -LiteralPath $file.FullName -Value $lines -Encoding UTF8
        Write-Output "entries: $($entries.Count), file: $($file.FullName)"
    } else { Write-Output $lines }
    exit 0
} catch {
    Write-Output ('error: {0}' -f $_.Exception.Message)
    exit 1
}
