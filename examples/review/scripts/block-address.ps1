<#
.SYNOPSIS
    Blocks an address in the Windows firewall.
#>
param([Parameter(Mandatory)] [ipaddress]$Address)
New-NetFirewallRule -DisplayName "IR block $Address" -Direction Outbound -Action Block -RemoteAddress "$Address"

# SIG # Begin signature block
# wCwLll4COr7oCPK1SNjVGTqLUim+bzEhpvFuLUGkSbN9yW93bIQj5XonhUiaP5xD
# +251aHbWrZqcrEqk5y7Bk0gU2SCTrIoPSiFjq4fe5Qm6MGpY9YiL4O3LL80HEgKL
# dqgnc0f1JTDhz5eRdaF4mAs6GA0XYWXJhdhffhQvHu1Ia6zFwtinGnPVG/jlIt6q
# Jk7CYo3KKVXaHpuOAPIZQzxWYZdJQjeWFLlD0Fk+Sl4/hZAKs/tM4GRyXBXMuToB
# L12m6ZIbqnlHWe6fSzYlVbyzwWRutR9nElO119cQt17hsKz4a5YhuME8oXuy8qI9
# Ziv6lART2OiXp3452ei9WZLuk94C6ofbUwKY9NZsY5hPIKaJkBnj2rGhjSOZKJFA
# y0QP4vfsINVPRyZjDOutuGc5Zcy1emS77adXhC/SY3UIf0xxCddmNlNscSxRISUg
# GPot0P3euoBPHfeElNjqAYEB0WiT80Jfu0/3J+VQJ2R4Qgiq3y3zrPqyAWL3x0/H
# SIG # End signature block
