# ---- A profile does not know its pods. It takes any image and command, as a user without powers, with volumes of known kinds.

containers := [{"name": "any", "type": "container", "after": ["pause"], "image": `^[!-~]+$`}]

sysctls := {"net.ipv4.ping_group_range": "0 2147483647"}

fsgid := `^fsgid=[0-9]+$`

is_root(wanted) if wanted.type == "container"

is_process(_) if is_powerless(input.OCI.Process)

is_number_of_volumes(wanted, _) if wanted.type == "container"

is_number_of_volumes(_, number) if number == 0

is_volume(_, storage) if {
	parts := split(storage.mount_point, "/")
	name := parts[count(parts) - 1]
	regex.match(`^[a-z0-9-]+$`, name)
	is_empty_directory(storage, name)
}

is_empty_directory(storage, name) if is_memory(storage, name)

is_empty_directory(storage, name) if is_disk(storage, name)

# From a volume of this request or from what was copied for this container, and over no programs, libraries or devices.
is_own_mount(wanted, mount) if {
	wanted.type == "container"
	regex.match(`^(/[^/]+)+$`, mount.destination)
	not climbs(mount.destination)
	not regex.match(`^/((usr/)?(s?bin|lib|lib64)|dev|proc|sys)(/|$)`, mount.destination)
	options := {option | some option in mount.options}
	options in {{"rbind", "rprivate", "rw", "bind"}, {"rbind", "rprivate", "ro", "bind"}}
	is_own_source(mount)
}

is_own_source(mount) if {
	mount.type_ == "bind"
	parts := split(mount.destination, "/")
	is_copy(parts[count(parts) - 1], mount.source)
}

is_own_source(mount) if {
	some storage in input.storages
	storage.mount_point == mount.source
	mount.type_ == {"ephemeral": "bind", "local": "local"}[storage.driver]
}

has_own_mounts(_, _) if true

is_file(name) if is_name_of_volume(name)

is_tree(name) if is_name_of_volume(name)

is_name_of_volume(name) if {
	regex.match(`^[A-Za-z0-9._-]+$`, name)
	not regex.match(`^(hosts|hostname|resolv\.conf|termination-log|\.containerenv|passwd|secrets|\.\.?)$`, name)
}

# Those that images name as their StopSignal: INT, QUIT, WINCH and RTMIN+3 besides what every pod needs.
SignalProcessRequest if input.signal in {0, 2, 3, 9, 15, 28, 37}
