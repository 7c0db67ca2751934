<#
.SYNOPSIS
    Searches a folder and everything below it for files by their sha256.
.DESCRIPTION
    Hashes the files that pass the filters and prints one line a match: the hash, the size, when the file was
    written, and its path. Files open for writing are read too. Junctions and symbolic links are not followed, and
    files that are only in the cloud are not fetched. Nothing is changed.

    The exit code is 0 when everything was searched, whether or not something was found; 2 when it was not, because
    files could not be read or the time was over, so that "not found" is never said by mistake; and 1 on an error.
.PARAMETER Path
    The folder to search. Needed.
.PARAMETER Sha256
    The hashes to look for, 64 hexadecimal digits each, separated by commas.
.PARAMETER HashFile
    A file with hashes, instead of or beside -Sha256: the first word of a line is one; empty lines and lines that
    start with # are skipped.
.PARAMETER Filter
    Only files with such a name, for example *.exe. The default is all.
.PARAMETER MaxSizeMB
    Larger files are not hashed: 1 to 4096. The default is 100.
.PARAMETER MaxMinutes
    The search stops after this many minutes: 1 to 9, as live response stops a script after 10. The default is 8.
.EXAMPLE
    run find-hash.ps1 -parameters "-Path C:\Users -Sha256 6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf"
.EXAMPLE
    run find-hash.ps1 -parameters "-Path C:\ -HashFile C:\Windows\Temp\hashes.txt -Filter *.exe -MaxSizeMB 20"
#>
#Requires -Version 5.1
[CmdletBinding()]
param(
    [string]$Path, # Not Mandatory, which would ask, and nobody is there to answer.
    [ValidatePattern('^[0-9A-Fa-f]{64}(,[0-9A-Fa-f]{64})*$')] [string[]]$Sha256,
    [ValidateNotNullOrEmpty()] [string]$HashFile,
    [ValidateNotNullOrEmpty()] [string]$Filter = '*',
    [ValidateRange(1, 4096)] [int]$MaxSizeMB = 100,
    [ValidateRange(1, 9)] [int]$MaxMinutes = 8
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'

$deadline = (Get-Date).AddMinutes($MaxMinutes)
$largest = $MaxSizeMB * 1024 * 1024
$count = @{ hashed = 0; matched = 0; skipped = 0; unreadable = 0 }
$buffer = New-Object byte[] 1048576

# A name is the attacker's to choose: it must not be able to start a line of its own.
function Protect-Text([string]$Text) { $Text -replace '\p{C}', '?' }

# Reads in pieces, so that one slow file cannot use up more than the time. Shares everything, so that a file
# that something else has open can be read, and so that nothing else fails for it.
function Get-Sha256([System.IO.FileInfo]$File) {
    $algorithm = [System.Security.Cryptography.SHA256]::Create()
    $stream = $null
    try {
        $share = [System.IO.FileShare]'ReadWrite, Delete'
        $stream = [System.IO.File]::Open($File.FullName, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $share)
        while (($read = $stream.Read($buffer, 0, $buffer.Length)) -gt 0) {
            if ((Get-Date) -gt $deadline) { throw 'the time was over' }
            $null = $algorithm.TransformBlock($buffer, 0, $read, $null, 0)
        }
        $null = $algorithm.TransformFinalBlock($buffer, 0, 0)
        [System.BitConverter]::ToString($algorithm.Hash).Replace('-', '').ToLowerInvariant()
    } finally {
        if ($stream) { $stream.Dispose() }
        $algorithm.Dispose()
    }
}

try {
    $wanted = @{}
    foreach ($text in $Sha256) { foreach ($hash in $text -split ',') { $wanted[$hash.ToLowerInvariant()] = $true } }
    if ($HashFile) {
        foreach ($line in Get-Content -LiteralPath $HashFile -TotalCount 100000) {
            $word = ($line.Trim() -split '\s+')[0]
            if (-not $word -or $word.StartsWith('#')) { continue }
            if ($word -notmatch '^[0-9A-Fa-f]{64}$') { throw "not a sha256 in '$HashFile': '$(Protect-Text $word)'" }
            $wanted[$word.ToLowerInvariant()] = $true
        }
    }
    if ($wanted.Count -eq 0) { throw 'no hash to look for: give -Sha256 or -HashFile' }
    if (-not $Path) { throw 'no folder to search: give -Path' }
    if (-not (Test-Path -LiteralPath $Path -PathType Container)) { throw "'$Path' is not a folder" }

    $folders = New-Object 'System.Collections.Generic.Stack[System.IO.DirectoryInfo]'
    $folders.Push((Get-Item -LiteralPath $Path -Force))
    while ($folders.Count -gt 0 -and (Get-Date) -le $deadline) {
        $folder = $folders.Pop()
        try { $items = $folder.GetFileSystemInfos() }
        catch {
            $count.unreadable++
            Write-Output "unreadable: $(Protect-Text $folder.FullName)"
            continue
        }
        foreach ($item in $items) {
            if ((Get-Date) -gt $deadline) { break }
            # A link leads out of the tree, and SYSTEM must not follow one to another machine. Only links have one
            # of these types: the folders of OneDrive are reparse points too, but no links.
            $isReparse = $item.Attributes -band [System.IO.FileAttributes]::ReparsePoint
            if ($isReparse -and $item.LinkType -in 'Junction', 'SymbolicLink') { continue }
            if ($item -is [System.IO.DirectoryInfo]) { $folders.Push($item); continue }
            if ($item.Name -notlike $Filter) { continue }
            # To read a file that is only in the cloud (offline, recall on open, recall on access) is to fetch it.
            if ($item.Length -gt $largest -or ([int]$item.Attributes -band 0x441000)) { $count.skipped++; continue }
            try { $hash = Get-Sha256 $item }
            catch {
                if ((Get-Date) -gt $deadline) { break }
                $count.unreadable++
                Write-Output "unreadable: $(Protect-Text $item.FullName)"
                continue
            }
            $count.hashed++
            if ($wanted.ContainsKey($hash)) {
                $count.matched++
                $name = Protect-Text $item.FullName
                Write-Output ('match: {0} {1} {2:u} {3}' -f $hash, $item.Length, $item.LastWriteTimeUtc, $name)
            }
        }
    }

    $over = (Get-Date) -gt $deadline
    Write-Output ('hashed: {0}, matched: {1}' -f $count.hashed, $count.matched)
    Write-Output ('not hashed: {0} unreadable, {1} in the cloud or over {2} MB' -f $count.unreadable, $count.skipped, $MaxSizeMB)
    if ($over) { Write-Output "incomplete: stopped after $MaxMinutes minutes; search a smaller folder, or give -Filter" }
    if ($over -or $count.unreadable -gt 0) { exit 2 }
    exit 0
} catch {
    Write-Output ('error: {0}' -f $_.Exception.Message)
    exit 1
}
