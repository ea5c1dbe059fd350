"""What the Trustee operator made of a KbsConfig, without what is drawn anew each time and what only one of the two says."""

from pathlib import PurePosixPath
from typing import Any

from sandbox.openshift.reactions.pods import EXITS
from sandbox.openshift.reactions.trustee import MIGRATED, PRIVILEGED, VERSIONS
from sandbox.trustee import mounts

Manifest = dict[str, Any]
# The model does not say how the containers are run: images, commands, mounts (`mounted`), security contexts. What the API server adds is
# left out too. Only the model notes with what the KBS would exit.
_OF_THE_SERVER = {"defaultMode"}


def deployment(given: Manifest) -> dict[str, Any]:
    spec = given["spec"]
    template = spec["template"]
    noted = template["metadata"]["annotations"]
    return {
        "owners": owners(given),
        "labels": given["metadata"].get("labels"),
        "replicas": spec["replicas"],
        "selector": spec["selector"],
        "strategy": (spec["strategy"]["type"], spec["strategy"]["rollingUpdate"]["maxUnavailable"]),
        "labels of pods": template["metadata"]["labels"],
        "annotations of pods": sorted(set(noted) - {EXITS}),
        "stamped": [one.partition(":")[0] for one in noted[VERSIONS].split(",")],
        "volumes": {one["name"]: _source(one) for one in template["spec"]["volumes"]},
        "containers": [one["name"] for one in template["spec"]["containers"]],
        "converters": [one["name"] for one in template["spec"]["initContainers"]],
        "variables": [one["name"] for one in template["spec"]["containers"][0]["env"]],
    }


def service(given: Manifest) -> dict[str, Any]:
    return {"owners": owners(given), **{key: given["spec"][key] for key in ("type", "selector", "ports")}}


def config(given: Manifest) -> dict[str, Any]:
    spec = {
        key: value for key, value in given["spec"].items() if key != "KbsEnvVars"
    }  # a digest of what was drawn
    metadata = given["metadata"]
    return {
        "finalizers": metadata["finalizers"],
        "generation": metadata["generation"],
        "spec": spec,
        "status": given["status"],
    }


def namespace(given: Manifest) -> dict[str, Any]:
    return {name: given["metadata"]["labels"].get(name) for name in PRIVILEGED}


def config_maps(given: list[Manifest]) -> dict[str, Any]:
    """By name, those of Trustee, and whether the operator has marked them."""
    return {
        one["metadata"]["name"]: MIGRATED in (one["metadata"].get("annotations") or {})
        for one in given
        if one["metadata"]["name"] not in ("kube-root-ca.crt", "openshift-service-ca.crt")
    }


def owners(given: Manifest) -> list[Manifest]:
    return [
        {key: value for key, value in one.items() if key != "uid"}
        for one in given["metadata"]["ownerReferences"]
    ]


def mounted(given: Manifest, path: str) -> str | None:
    """The volume from which the KBS, or the converter that writes its repository, gets the file at `path`."""
    pod = given["spec"]["template"]["spec"]
    where = PurePosixPath(path)
    found = {
        one["mountPath"]: one["name"]
        for one in pod["containers"][0]["volumeMounts"]
        if where == PurePosixPath(one["mountPath"]) or where.is_relative_to(one["mountPath"])
    }
    if path.startswith(f"{mounts.STORAGE}/repository/"):
        secret = where.name.split("\\x2F")[1]
        converted = {one["mountPath"]: one["name"] for one in pod["initContainers"][0]["volumeMounts"]}
        return converted.get(f"/tmp/kbs-secrets/{secret}")  # noqa: S108 -- of the operator
    return found[max(found, key=len)] if found else None


def _source(volume: Manifest) -> Manifest:
    return {
        kind: {key: value for key, value in source.items() if key not in _OF_THE_SERVER}
        for kind, source in volume.items()
        if kind != "name"
    }
