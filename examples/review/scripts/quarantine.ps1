param([string]$Path)
Move-Item -LiteralPath $Path -Destination C:\Quarantine
