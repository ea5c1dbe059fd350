"""The pod that was recorded, as the API server had it, and the node that it ran on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from model.digests import ImageDigest
from model.workloads.lock import LockedImage
from sandbox.guest.node import Node, Service

REPOSITORY = "127.0.0.1:5055/ubi9/httpd-24"
DIGEST = "sha256:8431bee1c4df65e5762d5534b10eaf11dade01fbe7c39573fb3270c6f2df916f"
REFERENCE = f"{REPOSITORY}@{DIGEST}"
IMAGE = LockedImage(
    digest=ImageDigest(DIGEST),
    entrypoint=("container-entrypoint",),
    command=("/usr/bin/run-httpd",),
    environment=(
        "container=oci",
        "STI_SCRIPTS_PATH=/usr/libexec/s2i",
        "APP_ROOT=/opt/app-root",
        "HOME=/opt/app-root/src",
        "PLATFORM=el9",
        "PATH=/opt/app-root/src/bin:/opt/app-root/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HTTPD_VERSION=2.4",
        "HTTPD_DATA_PATH=/var/www",
    ),
    user="1001",
    working_dir="/opt/app-root/src",
    stop_signal="SIGWINCH",
    read_at=datetime(2026, 11, 25, tzinfo=UTC),
    read_from="the registry that the recording used",
)
NODE = Node(pause_image="127.0.0.1:5055/pause:3.9", disk_volumes_have_group=False)
STRICT = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
FETCH = (
    "curl --fail --silent --show-error --retry 5 --output /output/index.html "
    "http://127.0.0.1:8006/cdh/resource/default/kbsres1/key1"
)
INITDATA = (
    "H4sIAAAAAAACA1WJSwqAIBQA9+8U8g4gFtSuk0TEQ0Ul7YlK0O37rVrMYmYoOi6h+SQmgdVTP4wIhy018P4kJTupEGA21GgBJJKNU8TnIaA2/ueZY9CnLNbxmzLpjZwV"
    "N3tbv4twAbW0yX11AAAA"
)


def images(reference: str) -> LockedImage:
    assert reference == REFERENCE
    return IMAGE


def kbs_access() -> dict[str, Any]:
    return {
        "metadata": {
            "name": "kbs-access-6d9f7c5b4d-x2x7q",
            "namespace": "kbs-access",
            "uid": "0f1b6d3e-4c59-4c59-9d5d-1a2b3c4d5e6f",
            "labels": {"app": "kbs-access", "pod-template-hash": "6d9f7c5b4d"},
            "annotations": {
                "io.katacontainers.config.hypervisor.cc_init_data": INITDATA,
                "k8s.ovn.org/pod-networks": '{"default":{"ip_addresses":["10.128.2.15/23"],"mac_address":"0a:58:0a:80:02:0f"}}',
                "k8s.v1.cni.cncf.io/network-status": '[{"name":"ovn-kubernetes","interface":"eth0","ips":["10.128.2.15"],"default":true,"dns":{}}]',
            },
        },
        "spec": {
            "runtimeClassName": "kata-remote",
            "automountServiceAccountToken": False,
            "initContainers": [
                {
                    "name": "fetch-secret",
                    "image": REFERENCE,
                    "command": ["/bin/bash", "-c", FETCH],
                    "volumeMounts": [{"name": "page", "mountPath": "/output"}],
                    "securityContext": STRICT,
                }
            ],
            "containers": [
                {
                    "name": "kbs-access",
                    "image": REFERENCE,
                    "command": ["run-httpd"],
                    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                    "volumeMounts": [{"name": "page", "mountPath": "/var/www/html", "readOnly": True}],
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                        "limits": {"cpu": "500m", "memory": "256Mi"},
                    },
                    "securityContext": STRICT,
                }
            ],
            "volumes": [{"name": "page", "emptyDir": {"medium": "Memory"}}],
        },
    }


def with_volumes() -> tuple[dict[str, Any], Node]:
    """The same pod with one volume of each kind, in a namespace with a service."""
    pod = kbs_access()
    token = {"sources": [{"serviceAccountToken": {"path": "token"}}]}
    pod["spec"]["volumes"] += [
        {"name": "scratch", "emptyDir": {}},
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "creds", "secret": {"secretName": "creds"}},
        {"name": "kube-api-access-abcde", "projected": token},
    ]
    for container in (*pod["spec"]["initContainers"], *pod["spec"]["containers"]):
        container["volumeMounts"] += [
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "settings", "mountPath": "/etc/app", "readOnly": True},
            {"name": "creds", "mountPath": "/etc/creds", "readOnly": True},
            {
                "name": "kube-api-access-abcde",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "readOnly": True,
            },
        ]
    service = Service(name="kbs-access", address="172.30.99.1", ports=(("http", 8080, "TCP"),))
    files = {
        ("ConfigMap", "settings"): {"app.conf": b"x=1\n"},
        ("Secret", "creds"): {"password": b"sealed.fakejwsheader.e30.x"},
    }
    return pod, Node(
        pause_image=NODE.pause_image, disk_volumes_have_group=False, services=(service,), files=files
    )
