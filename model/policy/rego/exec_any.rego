
is_command(names, args) if {
	not "pause" in names
	count(args) > 0
}
