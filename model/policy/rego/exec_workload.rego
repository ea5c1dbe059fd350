
# The whole command, argument by argument, and only in the container that it is listed for.
is_command(names, args) if {
	some wanted in containers
	wanted.name in names
	args in wanted.commands
}
