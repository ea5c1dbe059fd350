# ---- Containers: each id once, even after its removal. The state remembers which container an id is and as what it runs.

shared := "/run/kata-containers/shared/containers/"

root_path := concat("", ["/run/kata-containers/", input.container_id, "/rootfs"])

CreateContainerRequest := {"allowed": true, "ops": ops} if {
	id := input.container_id
	regex.match(`^[0-9a-f]{64}$`, id)
	not data.pstate[concat("", ["id-", id])]
	has_no_extras
	is_linux(input.OCI.Linux)
	is_annotations(input.OCI.Annotations)
	names := [wanted.name | some wanted in array.concat([pause], containers); is_container(wanted)]
	count(names) > 0
	process := input.OCI.Process
	created := {"names": names, "env": process.Env, "cwd": process.Cwd, "user": process.User}
	ops := array.concat(
		[{"op": "add", "path": concat("", ["/pstate/id-", id]), "value": created}],
		[{"op": "add", "path": concat("", ["/pstate/created-", name]), "value": true} | some name in names],
	)
}

# The process of the pause container is of no matter: the agent runs that of its own pause bundle, once all types say sandbox.
pause := {"name": "pause", "type": "sandbox", "after": [], "image": "^pause$", "memory": [], "disk": []}

is_container(wanted) if {
	every name in wanted.after {
		data.pstate[concat("", ["created-", name])] == true
	}
	input.OCI.Annotations["io.kubernetes.cri-o.ContainerType"] == wanted.type
	input.OCI.Annotations["io.katacontainers.pkg.oci.container_type"] == kata_type[wanted.type]
	input.OCI.Root.Path == root_path
	is_root(wanted)
	is_storages(wanted)
	is_mounts(wanted)
	is_paths(wanted)
	is_process(wanted)
}

kata_type := {"sandbox": "pod_sandbox", "container": "pod_container"}

is_root(wanted) if wanted.type == "sandbox"

is_process(wanted) if wanted.type == "sandbox"

# Nothing of what no container of a peer pod has.
has_no_extras if {
	input.string_user == null
	count(input.devices) == 0
	count(input.shared_mounts) == 0
	input.sandbox_pidns == false
	object.get(input, "stdin_port", 0) == 0
	object.get(input, "stdout_port", 0) == 0
	object.get(input, "stderr_port", 0) == 0
	input.OCI.Hooks == null
	process := input.OCI.Process
	process.Terminal == false
	process.ConsoleSize == null
	process.SelinuxLabel == ""
	process.ApparmorProfile == ""
}

is_linux(linux) if {
	count(linux.UIDMappings) == 0
	count(linux.GIDMappings) == 0
	count(linux.Devices) == 0
	linux.Seccomp == null
	linux.IntelRdt == null
	linux.RootfsPropagation == ""
	linux.MountLabel == ""
	count(linux.Resources.Devices) == 0
	linux.Resources.Pids == null
	linux.Resources.BlockIO == null
	linux.Resources.Network == null
	regex.match(`^[A-Za-z0-9:/._-]+$`, linux.CgroupsPath)
	not contains(linux.CgroupsPath, "..")
	every key, value in linux.Sysctl {
		sysctls[key] == value
	}
	is_namespaces(linux.Namespaces)
}

# The forwarder inside the guest appends the network namespace; another path would join that of another process.
is_namespaces(namespaces) if {
	every namespace in namespaces {
		is_namespace(namespace)
	}
	count(namespaces) == 4
	{"ipc", "mount", "network", "uts"} == {namespace.Type | some namespace in namespaces}
}

is_namespace(namespace) if {
	namespace.Type in {"ipc", "mount", "uts"}
	namespace.Path == ""
}

is_namespace(namespace) if {
	namespace.Type == "network"
	namespace.Path == "/run/netns/podns"
}

# None of those that something inside the guest acts on, besides the two types above; all others are only labels there.
is_annotations(annotations) if {
	acted_on := [key | annotations[key]; is_acted_on(key)]
	count(acted_on) == 0
}

is_acted_on(key) if startswith(key, "cdi.k8s.io/")

is_acted_on(key) if startswith(key, "io.confidentialcontainers.org")

is_acted_on(key) if key == "io.kubernetes.cri.container-type"

is_paths(wanted) if wanted.type == "sandbox"

is_paths(_) if {
	masked := {path | some path in input.OCI.Linux.MaskedPaths}
	readonly := {path | some path in input.OCI.Linux.ReadonlyPaths}
	every path in {
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
	} {
		path in masked
	}
	every path in {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"} {
		path in (masked | readonly)
	}
}

# Without a capability object (null) the agent would drop nothing.
is_powerless(process) if {
	process.NoNewPrivileges == true
	process.User.UID > 0
	process.User.Username == ""
	every kind in ["Ambient", "Bounding", "Effective", "Inheritable", "Permitted"] {
		count(process.Capabilities[kind]) == 0
	}
}
