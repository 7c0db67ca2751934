# At most three deletions in one plan, over all libraries.
package main

most := 3

deny contains msg if {
	input.summary.delete > most
	msg := sprintf("the plan deletes %d files, and a plan may delete %d", [input.summary.delete, most])
}

warn contains msg if {
	some library in input.libraries
	some change in library.changes
	change.action == "delete"
	msg := sprintf("%s is deleted from %s", [change.name, library.name])
}
