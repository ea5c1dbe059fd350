# ---- Commands in a container: as the container's own user, in its environment and working directory, without new powers.

ExecProcessRequest if {
	created := data.pstate[concat("", ["id-", input.container_id])]
	input.string_user == null
	process := input.process
	process.Env == created.env
	process.Cwd == created.cwd
	process.User == created.user
	process.NoNewPrivileges == true
	process.SelinuxLabel == ""
	process.ApparmorProfile == ""
	has_no_capabilities(process)
	is_command(created.names, process.Args)
}

# The shim sends none at all; a process that leaves uid 0 by setuid and then executes has none left.
has_no_capabilities(process) if process.Capabilities == null

has_no_capabilities(process) if {
	every kind in ["Ambient", "Bounding", "Effective", "Inheritable", "Permitted"] {
		count(process.Capabilities[kind]) == 0
	}
}
