
# The whole command, argument by argument: joined into one line, other splits of the same words would pass.
is_command(names, args) if {
	not "pause" in names
	args in policy_data.allowed_commands
}
