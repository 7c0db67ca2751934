<#
.SYNOPSIS
    Looks for a process by name.
#>
param([Parameter(Mandatory)] [string]$Name)
Get-Process -Name $Name | Select-Object Id, Path, StartTime
