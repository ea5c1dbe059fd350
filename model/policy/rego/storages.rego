# ---- Storages: exactly one image, unpacked into the container's own root; then the volumes, each once.

is_storages(wanted) if {
	pulls := [storage | some storage in input.storages; storage.driver == "image_guest_pull"]
	count(pulls) == 1
	is_pull(wanted, pulls[0])
	volumes := [storage | some storage in input.storages; storage.driver != "image_guest_pull"]
	every storage in volumes {
		is_volume(wanted, storage)
	}
	count({storage.mount_point | some storage in volumes}) == count(volumes)
	is_number_of_volumes(wanted, count(volumes))
}

is_pull(wanted, storage) if {
	storage.fstype == "overlay"
	is_private(storage)
	count(storage.options) == 0
	storage.mount_point == root_path
	regex.match(wanted.image, storage.source)
	# The agent reads the container's type from here, and not from the annotation, when it chooses the root file system.
	count(storage.driver_options) == 1
	startswith(storage.driver_options[0], "image_guest_pull=")
	metadata := json.unmarshal(trim_prefix(storage.driver_options[0], "image_guest_pull=")).metadata
	metadata["io.kubernetes.cri-o.ContainerType"] == wanted.type
	not metadata["io.kubernetes.cri.container-type"]
}

# An empty directory in memory.
is_memory(storage, name) if {
	storage.driver == "ephemeral"
	storage.source == "tmpfs"
	storage.fstype == "tmpfs"
	storage.mount_point == memory_path(name)
	is_private(storage)
	count(storage.driver_options) == 0
	count(storage.options) <= 1
	every option in storage.options {
		regex.match(fsgid, option)
	}
}

# An empty directory on the guest's disk.
is_disk(storage, name) if {
	storage.driver == "local"
	storage.source == "local"
	storage.fstype == "local"
	storage.mount_point == disk_path(name)
	is_private(storage)
	count(storage.driver_options) == 0
	count(storage.options) <= 2
	storage.options[0] == "mode=0777"
	every option in array.slice(storage.options, 1, 2) {
		regex.match(fsgid, option)
	}
}

memory_path(name) := concat("", ["/run/kata-containers/sandbox/ephemeral/", name])

disk_path(name) := concat("", [shared, data.pstate.sandbox, "/rootfs/local/", name])
