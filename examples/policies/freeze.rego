# Nothing changes on the days of a freeze, as they are in UTC. A rollback may: it is what somebody in an incident needs.
package main

freeze := {"2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01"}

today := sprintf("%d-%02d-%02d", time.date(time.now_ns()))

deny contains msg if {
	freeze[today]
	some library in input.libraries
	not is_number(object.get(library, "rollback", null))
	some change in library.changes
	change.action in {"create", "update", "delete"}
	msg := sprintf("%s is a day without changes", [today])
}
