"""Invariants of the samples: what differs between the two."""

import pulumi

from components.spoke.hello_openshift import HelloOpenShift, HelloOpenShiftArgs
from model.workloads.pod_rules import INITDATA
from tests.answers import APPS_DOMAIN
from tests.harness import Graph, deploy


def _samples() -> Graph:
    def program() -> None:
        domain, runtime_class = pulumi.Output.from_input(APPS_DOMAIN), pulumi.Output.from_input("kata-remote")
        hello = HelloOpenShift(
            "hello",
            HelloOpenShiftArgs(
                apps_domain=domain,
                runtime_class=runtime_class,
                debug_initdata="debug",
            ),
        )
        pulumi.export("urls", hello.urls)

    return deploy(program)


def test_the_two_differ_in_runtime_class_and_profile_only() -> None:
    graph = _samples()
    found = {}
    for variant in ("standard", "debug"):
        template = graph[f"hello-{variant}-deployment"].inputs["spec"]["template"]
        annotations = template["metadata"].get("annotations", {})
        found[variant] = (template["spec"].get("runtimeClassName"), annotations.get(INITDATA))
    assert found == {
        "standard": (None, None),
        "debug": ("kata-remote", "debug"),
    }


def test_every_image_is_pinned_and_the_vendors() -> None:
    for deployment in _samples().of_type("kubernetes:apps/v1:Deployment"):
        pod = deployment.inputs["spec"]["template"]["spec"]
        for container in pod["containers"] + pod.get("initContainers", []):
            assert container["image"].startswith("registry.access.redhat.com/")
            assert "@sha256:" in container["image"]


def test_each_variant_has_an_address_of_its_own() -> None:
    urls = _samples().exports["urls"]
    assert len(set(urls.values())) == 2
    assert all(url.startswith("https://") and url.endswith(APPS_DOMAIN) for url in urls.values())
