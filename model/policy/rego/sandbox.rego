# ---- The sandbox. Only once: the agent deletes /run/kata-containers at the start of each CreateSandbox.

CreateSandboxRequest := {"allowed": true, "ops": ops} if {
	not data.pstate.sandbox
	regex.match(`^[0-9a-f]{64}$`, input.sandbox_id)
	input.guest_hook_path == ""
	count(input.kernel_modules) == 0
	count(input.dns) == 0
	input.sandbox_pidns == false
	count(input.storages) <= 1
	every storage in input.storages {
		is_shared_memory(storage)
	}
	ops := [{"op": "add", "path": "/pstate/sandbox", "value": input.sandbox_id}]
}

is_shared_memory(storage) if {
	storage.driver == "ephemeral"
	count(storage.driver_options) == 0
	storage.source == "shm"
	storage.fstype == "tmpfs"
	storage.mount_point == "/run/kata-containers/sandbox/shm"
	is_private(storage)
	every option in storage.options {
		regex.match(`^(noexec|nosuid|nodev|mode=1777|size=[0-9]+)$`, option)
	}
}

# Agents before 3.28 show no field `shared`.
is_private(storage) if {
	storage.fs_group == null
	not storage.shared
}
