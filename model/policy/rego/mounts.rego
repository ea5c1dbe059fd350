# ---- Mounts: those of CRI-O and those of the container, no destination twice, none of them left out.

kernel_mounts := [
	{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
	{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
	{
		"destination": "/dev/pts", "type": "devpts", "source": "devpts",
		"options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
	},
	{"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
	{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
	{"destination": "/dev/shm", "type": "bind", "source": "/run/kata-containers/sandbox/shm", "options": ["rbind"]},
]

pause_mounts := [
	{"destination": "/etc/resolv.conf", "type": "bind", "source": "copy:resolv.conf", "options": ["ro", "bind", "nodev", "nosuid", "noexec"]},
	{"destination": "/etc/hostname", "type": "bind", "source": "copy:hostname", "options": ["ro", "bind", "nodev", "nosuid", "noexec"]},
]

container_mounts := [
	{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]},
	{"destination": "/etc/hosts", "type": "bind", "source": "copy:hosts", "options": ["rbind", "rprivate", "rw", "bind"]},
	{"destination": "/dev/termination-log", "type": "bind", "source": "copy:termination-log", "options": ["rbind", "rprivate", "rw", "bind"]},
]

root_mounts(access) := [
	{"destination": "/etc/resolv.conf", "type": "bind", "source": "copy:resolv.conf", "options": [access, "bind", "nodev", "nosuid", "noexec"]},
	{"destination": "/etc/hostname", "type": "bind", "source": "copy:hostname", "options": [access, "bind"]},
]

# These depend on the node, the image and the user id.
optional_mounts(access) := [
	{"destination": "/run/.containerenv", "type": "bind", "source": "copy:.containerenv", "options": [access, "bind"]},
	{"destination": "/etc/passwd", "type": "bind", "source": "copy:passwd", "options": ["rw", "bind", "nodev", "nosuid", "noexec"]},
	{"destination": "/run/secrets", "type": "bind", "source": "copy:secrets", "options": ["bind", "rprivate"]},
]

required_mounts(wanted) := array.concat(kernel_mounts, pause_mounts) if wanted.type == "sandbox"

required_mounts(wanted) := array.concat(
	array.concat(kernel_mounts, container_mounts),
	root_mounts(access_to_root),
) if {
	wanted.type == "container"
}

access_to_root := "ro" if input.OCI.Root.Readonly == true

access_to_root := "rw" if input.OCI.Root.Readonly == false

is_mounts(wanted) if {
	required := required_mounts(wanted)
	optional := [mount | wanted.type == "container"; some mount in optional_mounts(access_to_root)]
	every mount in input.OCI.Mounts {
		is_mount(wanted, array.concat(required, optional), mount)
	}
	destinations := {mount.destination | some mount in input.OCI.Mounts}
	count(destinations) == count(input.OCI.Mounts)
	every mount in required {
		mount.destination in destinations
	}
	has_own_mounts(wanted, destinations)
}

is_mount(_, known, mount) if is_among(known, mount)

is_mount(wanted, _, mount) if is_own_mount(wanted, mount)

is_among(known, mount) if {
	some one in known
	one.destination == mount.destination
	one.type == mount.type_
	{option | some option in one.options} == {option | some option in mount.options}
	is_source(one.source, mount.source)
}

is_source(known, source) if {
	not contains(known, ":")
	known == source
}

# What CopyFile brought for this very container.
is_source(known, source) if {
	startswith(known, "copy:")
	is_copy(trim_prefix(known, "copy:"), source)
}

is_source(known, source) if {
	startswith(known, "memory:")
	source == memory_path(trim_prefix(known, "memory:"))
}

is_source(known, source) if {
	startswith(known, "disk:")
	source == disk_path(trim_prefix(known, "disk:"))
}

is_copy(name, source) if {
	prefix := concat("", [shared, input.container_id, "-"])
	startswith(source, prefix)
	rest := trim_prefix(source, prefix)
	regex.match(`^[0-9a-f]{16}-`, rest)
	substring(rest, 17, -1) == name
}
