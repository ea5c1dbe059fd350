from dataclasses import replace

import pytest

from sandbox.guest import requests
from sandbox.tests.guest import pods, recorded
from sandbox.tests.guest.recorded import needs_evidence

RAW = replace(pods.NODE, agent="3.25")


def life(pod, node):
    return [*requests.start(pod, pods.images, node), *requests.stop(pod, pods.images, node)]


@needs_evidence
@pytest.mark.parametrize(
    ("run", "node"),
    [
        ("kbs-access", RAW),
        ("kbs-access-3.31.0", RAW),
        ("kbs-access-3.25.0", RAW),
        ("by-id", replace(RAW, by_id=True)),
        ("tagged-too", replace(RAW, tags={pods.REPOSITORY: "latest"})),
    ],
)
def test_the_requests_are_those_of_a_real_node(run, node):
    assert_alike(life(pods.kbs_access(), node), recorded.run(run))


@needs_evidence
def test_volumes_and_service_links_are_as_a_real_node_has_them():
    pod, node = pods.with_volumes()
    assert_alike(life(pod, replace(node, agent="3.25")), recorded.run("volumes"))


def without_shared(given):
    storages = [{key: one[key] for key in one if key != "shared"} for one in given.get("storages", [])]
    return {**given, **({"storages": storages} if storages else {})}


def assert_alike(made, real):
    # Recorded as the shim sends them: raw files, and `shared`, which an agent before 3.28 does not know.
    real = [one._replace(input=without_shared(one.input)) for one in real]
    made, real = recorded.alike(made), recorded.alike(real)
    assert [one[0] for one in made] == [one[0] for one in real]
    for ours, theirs in zip(made, real, strict=True):
        assert ours == theirs


# What a fresh clone still holds the model to: facts of the recordings, written down.


def start(pod=None, **node):
    return requests.start(pod or pods.kbs_access(), pods.images, replace(pods.NODE, **node))


def created(name, made):
    return next(
        request.input
        for request in made
        if request.endpoint == "CreateContainerRequest"
        and request.input["OCI"]["Annotations"]["io.kubernetes.container.name"] == name
    )


def test_the_first_request_is_the_sandbox_and_each_container_is_created_after_its_files():
    made = [one.endpoint for one in start()]
    assert made[:2] == ["CreateSandboxRequest", "GuestDetailsRequest"]
    assert made.count("CreateSandboxRequest") == 1
    assert made.count("CreateContainerRequest") == 3
    assert made.count("CopyFileRequest") == 2 + 10 + 10


def test_the_guest_pulls_the_digest_of_the_pod_and_for_the_sandbox_its_own_pause():
    made = start()
    pause, app = created("POD", made), created("kbs-access", made)
    assert [one["source"] for one in pause["storages"]] == ["pause"]
    pull = app["storages"][0]
    assert (pull["driver"], pull["fstype"], pull["source"]) == (
        "image_guest_pull",
        "overlay",
        pods.REFERENCE,
    )
    assert pull["mount_point"] == app["OCI"]["Root"]["Path"]
    assert pull["mount_point"] == f"/run/kata-containers/{app['container_id']}/rootfs"


def test_a_tag_that_the_node_knows_wins_over_the_digest():
    made = start(tags={pods.REPOSITORY: "latest"})
    assert created("kbs-access", made)["storages"][0]["source"] == f"{pods.REPOSITORY}:latest"


def test_the_environment_is_the_runtime_s_the_cluster_s_and_the_image_s_and_path_comes_twice():
    environment = created("kbs-access", start())["OCI"]["Process"]["Env"]
    assert environment[:4] == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM=xterm",
        "HOSTNAME=kbs-access-6d9f7c5b4d-x2x7q",
        "NSS_SDB_USE_CACHE=no",
    ]
    assert "KUBERNETES_PORT_443_TCP_ADDR=172.30.0.1" in environment
    assert tuple(environment[-8:]) == pods.IMAGE.environment


def test_service_links_are_there_unless_the_pod_wants_none():
    pod, node = pods.with_volumes()
    linked = created("kbs-access", requests.start(pod, pods.images, node))["OCI"]["Process"]["Env"]
    assert "KBS_ACCESS_SERVICE_HOST=172.30.99.1" in linked
    pod["spec"]["enableServiceLinks"] = False
    alone = created("kbs-access", requests.start(pod, pods.images, node))["OCI"]["Process"]["Env"]
    assert not any(one.startswith("KBS_ACCESS") for one in alone)
    assert "KUBERNETES_SERVICE_HOST=172.30.0.1" in alone


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ({}, ["container-entrypoint", "/usr/bin/run-httpd"]),
        ({"args": ["-x"]}, ["container-entrypoint", "-x"]),
        ({"command": ["sh"]}, ["sh"]),
        ({"command": ["sh"], "args": ["$(WHO)", "$$(WHO)"]}, ["sh", "me", "$(WHO)"]),
    ],
)
def test_arguments_are_the_pod_s_and_where_it_has_none_the_image_s(written, arguments):
    pod = pods.kbs_access()
    container = pod["spec"]["containers"][0]
    del container["command"]
    container |= {**written, "env": [{"name": "WHO", "value": "me"}]}
    assert created("kbs-access", start(pod))["OCI"]["Process"]["Args"] == arguments


def test_a_container_has_the_user_of_the_namespace_s_range_and_no_powers():
    process = created("kbs-access", start())["OCI"]["Process"]
    assert process["User"] == {
        "AdditionalGids": [0, 1000690000],
        "GID": 0,
        "UID": 1000690000,
        "Username": "",
    }
    assert set(map(tuple, process["Capabilities"].values())) == {()}
    assert process["NoNewPrivileges"] is True
    assert process["Cwd"] == "/opt/app-root/src"


def test_the_policy_of_an_old_agent_sees_raw_files_and_that_of_a_newer_one_digested_files():
    pod, node = pods.with_volumes()
    raw = [
        one.input
        for one in requests.start(pod, pods.images, replace(node, agent="3.25"))
        if "file_mode" in one.input
    ]
    digested = [
        one.input
        for one in requests.start(pod, pods.images, replace(node, agent="3.31"))
        if "file_mode" in one.input
    ]
    common = {"path", "file_size", "file_mode", "dir_mode", "uid", "gid", "offset"}
    assert {frozenset(one) for one in raw} == {frozenset(common | {"data"})}
    assert {frozenset(one) for one in digested} == {frozenset(common | {"file_type", "symlink_target"})}
    link = next(one for one in digested if one["path"].endswith("-app/app.conf"))
    assert (link["file_type"], link["symlink_target"], link["file_mode"]) == (
        "Symlink",
        "..data/app.conf",
        41471,
    )
    same = next(one for one in raw if one["path"] == link["path"])
    assert bytes(same["data"]) == b"..data/app.conf"


def test_storages_of_an_old_agent_have_no_field_shared():
    for agent, known in (("3.25", False), ("3.31", True)):
        made = start(agent=agent)
        storages = [one for request in made for one in request.input.get("storages", [])]
        assert {("shared" in one) for one in storages} == {known}


def test_memory_is_the_guest_s_own_and_a_disk_lies_below_the_copied_files():
    pod, node = pods.with_volumes()
    app = created("kbs-access", requests.start(pod, pods.images, node))
    mounts = {one["destination"]: one for one in app["OCI"]["Mounts"]}
    assert mounts["/var/www/html"]["source"] == "/run/kata-containers/sandbox/ephemeral/page"
    assert mounts["/var/www/html"]["options"] == ["rbind", "rprivate", "ro", "bind"]
    assert mounts["/scratch"]["type_"] == "local"
    assert mounts["/scratch"]["source"].startswith("/run/kata-containers/shared/containers/")
    assert [one["driver"] for one in app["storages"]] == ["image_guest_pull", "ephemeral", "local"]


def test_initdata_reaches_the_guest_only_with_the_pull():
    for name in ("POD", "kbs-access"):
        made = created(name, start())
        assert pods.INITDATA not in made["OCI"]["Annotations"].values()
        assert pods.INITDATA in made["storages"][0]["driver_options"][0]


def test_the_service_account_s_token_is_mounted_unless_the_pod_refuses_it():
    pod = pods.kbs_access()
    paths = [one["destination"] for one in created("kbs-access", start(pod))["OCI"]["Mounts"]]
    assert "/var/run/secrets/kubernetes.io/serviceaccount" not in paths
    del pod["spec"]["automountServiceAccountToken"]
    paths = [one["destination"] for one in created("kbs-access", start(pod))["OCI"]["Mounts"]]
    assert paths[-1] == "/var/run/secrets/kubernetes.io/serviceaccount"


def test_an_image_ends_by_its_own_signal():
    signals = [
        one.input["signal"]
        for one in requests.stop(pods.kbs_access(), pods.images, pods.NODE)
        if one.endpoint == "SignalProcessRequest"
    ]
    assert signals == [28, 9, 15, 9]


def test_the_same_pod_makes_the_same_requests_and_another_pod_has_other_ids():
    other = pods.kbs_access()
    other["metadata"]["uid"] = "another"
    assert start() == start()
    assert start()[0].input["sandbox_id"] != start(other)[0].input["sandbox_id"]
