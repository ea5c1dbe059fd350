# ---- A workload: the containers of policy_data and no other, each as its owner wrote it.

containers := policy_data.containers

sysctls := policy_data.sysctls

fsgid := policy_data.fsgid

is_root(wanted) if input.OCI.Root.Readonly == wanted.readonly

is_number_of_volumes(wanted, number) if number == count(wanted.memory) + count(wanted.disk)

is_volume(wanted, storage) if {
	some name in wanted.memory
	is_memory(storage, name)
}

is_volume(wanted, storage) if {
	some name in wanted.disk
	is_disk(storage, name)
}

is_own_mount(wanted, mount) if is_among(wanted.mounts, mount)

has_own_mounts(wanted, _) if wanted.type == "sandbox"

has_own_mounts(wanted, destinations) if {
	every mount in wanted.mounts {
		mount.destination in destinations
	}
}

is_process(wanted) if {
	process := input.OCI.Process
	process.Args == wanted.args
	process.Cwd == wanted.cwd
	is_powerless(process)
	is_user(wanted, process.User)
	is_environment(wanted, process.Env)
}

is_user(wanted, user) if {
	is_uid(wanted, user.UID)
	user.GID == wanted.gid
	every gid in user.AdditionalGids {
		is_group(wanted, gid)
	}
}

is_uid(wanted, uid) if wanted.uid == uid

# OpenShift chooses from the namespace's range.
is_uid(wanted, uid) if {
	wanted.uid == null
	uid >= 1000
}

is_group(wanted, gid) if gid in wanted.groups

is_group(_, gid) if {
	policy_data.fs_group == null
	gid >= 1000
}

# CRI-O's own PATH comes first and that of the image later; the last one counts. Besides these two, no name twice.
is_environment(wanted, env) if {
	env[0] == default_path
	rest := [variable | some i; variable := env[i]; not is_default(i, variable)]
	every variable in rest {
		is_variable(wanted, variable)
	}
	names := {split(variable, "=")[0] | some variable in rest}
	count(names) == count(rest)
	every variable in wanted.env {
		variable in env
	}
	every name, _ in wanted.patterns {
		name in names
	}
}

default_path := "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

is_default(i, _) if i == 0

is_default(i, variable) if {
	i == 1
	variable == "TERM=xterm"
}

is_variable(wanted, variable) if variable in wanted.env

is_variable(_, variable) if variable in {"TERM=xterm", "NSS_SDB_USE_CACHE=no"}

is_variable(_, variable) if {
	some pattern in [
		`^HOSTNAME=[a-z0-9.-]+$`,
		`^KUBERNETES_(SERVICE_HOST|PORT_443_TCP_ADDR)=[0-9a-f.:]+$`,
		`^KUBERNETES_(SERVICE_PORT|SERVICE_PORT_HTTPS|PORT_443_TCP_PORT)=[0-9]+$`,
		`^KUBERNETES_PORT_443_TCP_PROTO=tcp$`,
		`^KUBERNETES_PORT(_443_TCP)?=tcp://\[?[0-9a-f.:]+\]?:[0-9]+$`,
	]
	regex.match(pattern, variable)
}

# What the downward API fills in.
is_variable(wanted, variable) if {
	some name, pattern in wanted.patterns
	startswith(variable, concat("", [name, "="]))
	regex.match(pattern, trim_prefix(variable, concat("", [name, "="])))
}

is_file(name) if {
	some wanted in containers
	name in wanted.files
}

is_tree(name) if {
	some wanted in containers
	name in wanted.trees
}

SignalProcessRequest if input.signal in {0, 9, 15}

# The image's own.
SignalProcessRequest if {
	created := data.pstate[concat("", ["id-", input.container_id])]
	some wanted in containers
	wanted.name in created.names
	wanted.signal == input.signal
}
