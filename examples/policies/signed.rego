# No PowerShell without a signature. A manifest must not turn the lint off: then nothing says what is signed.
package main

violation contains {"msg": msg, "library": file.library, "file": file.name} if {
	some warning in input.warnings
	warning.code == "jumpbag::lint::unsigned"
	some file in warning.files
	msg := sprintf("%s is not signed", [file.name])
}

deny contains "the manifest must not allow jumpbag::lint::unsigned" if {
	input.lints["jumpbag::lint::unsigned"] == "allow"
}
