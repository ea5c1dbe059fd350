# ---- Files from the host, whose content no policy sees: only what a container mounts, by name, and trees below such a name.

CopyFileRequest if {
	is_regular
	regex.match(`^(hosts|hostname|resolv\.conf|termination-log|\.containerenv|passwd)$`, copied)
}

CopyFileRequest if {
	is_regular
	is_file(copied)
}

CopyFileRequest if {
	is_regular
	is_below(copied)
}

CopyFileRequest if {
	bits.and(input.file_mode, 61440) == 16384
	is_tree(split(copied, "/")[0])
	not climbs(copied)
}

# Links stay below the tree: a ConfigMap is made of relative ones, and CRI-O's own /run/secrets has none.
CopyFileRequest if {
	bits.and(input.file_mode, 61440) == 40960
	split(copied, "/")[0] != "secrets"
	is_below(copied)
	is_relative
}

# The type by the mode, because agents before 3.29 show no file_type; neither setuid nor setgid.
is_regular if {
	bits.and(input.file_mode, 61440) == 32768
	bits.and(input.file_mode, 3072) == 0
}

# What follows `<container id>-<16 hex digits>-`: the base name of the mount's destination, and the path below it.
copied := name if {
	startswith(input.path, shared)
	rest := trim_prefix(input.path, shared)
	regex.match(`^[0-9a-f]{64}-[0-9a-f]{16}-`, rest)
	name := substring(rest, 82, -1)
}

is_below(name) if {
	parts := split(name, "/")
	count(parts) > 1
	is_tree(parts[0])
	not climbs(name)
}

climbs(path) if regex.match(`(^|/)\.\.?(/|$)|//|/$`, path)

is_tree(name) if name == "secrets"

# The link's target as newer agents show it.
is_relative if {
	target := input.symlink_target
	target != ""
	not startswith(target, "/")
	not climbs(target)
}

# And as bytes (47 is a slash, 46 a dot): `..` is no component of it.
is_relative if {
	target := input.data
	target[0] != 47
	ups := [i | target[i] == 46; target[i + 1] == 46; is_edge(target, i - 1); is_edge(target, i + 2)]
	count(ups) == 0
}

is_edge(_, i) if i == -1

is_edge(target, i) if i == count(target)

is_edge(target, i) if target[i] == 47
