"""What the API server refuses in the metadata of any object, in its own words.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and `k8s.io/apimachinery/pkg/util/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.openshift.kinds import JOB, NAMESPACE, SERVICE, ObjectKind
from sandbox.openshift.objects import Manifest
from sandbox.shapes import map_in

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
ANNOTATION_BYTES = 256 * 1024


def label_problem(value: str) -> str | None:
    if len(value) > 63:
        return "must be no more than 63 characters"
    if not _LABEL.fullmatch(value):
        return (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
            "and must start and end with an alphanumeric character (e.g. 'my-name')"
        )
    return None


def subdomain_problem(value: str) -> str | None:
    if len(value) > 253:
        return "must be no more than 253 characters"
    if not _SUBDOMAIN.fullmatch(value):
        return (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            "and must start and end with an alphanumeric character (e.g. 'example.com')"
        )
    return None


def problems(kind: ObjectKind, manifest: Manifest) -> Iterator[str]:
    metadata = manifest["metadata"]
    problem = _name_problem(kind, metadata["name"])
    if problem:
        yield f'metadata.name: Invalid value: "{metadata["name"]}": {problem}'
    namespace = metadata.get("namespace")
    if namespace and kind.namespaced and (problem := label_problem(namespace)):
        yield f'metadata.namespace: Invalid value: "{namespace}": {problem}'
    labels, annotations = map_in(metadata, "labels"), map_in(metadata, "annotations")
    for where, keys in (("labels", labels), ("annotations", annotations)):
        for key in keys:
            if not _qualified(key):
                yield f"metadata.{where}: Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.'"
    yield from label_value_problems("metadata.labels", labels)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > ANNOTATION_BYTES:
        yield f"metadata.annotations: Too long: must have at most {ANNOTATION_BYTES} bytes"


def label_value_problems(where: str, labels: dict[str, str]) -> Iterator[str]:
    for value in labels.values():
        if len(value) > 63:
            yield f'{where}: Invalid value: "{value}": must be no more than 63 characters'
        elif value and not _QUALIFIED.fullmatch(value):
            yield (
                f'{where}: Invalid value: "{value}": a valid label must be an empty string or consist of alphanumeric '
                "characters, '-', '_' or '.', and must start and end with an alphanumeric character"
            )


def _name_problem(kind: ObjectKind, name: str) -> str | None:
    if kind.group == "rbac.authorization.k8s.io":
        return "may not contain '/' or '%'" if re.search("[/%]", name) else None
    if kind is NAMESPACE:
        return label_problem(name)
    if kind is SERVICE:
        if len(name) > 63 or not _SERVICE_LABEL.fullmatch(name):
            return (
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                "character, and end with an alphanumeric character (at most 63)"
            )
        return None
    if kind is JOB and len(name) > 63:
        return "must be no more than 63 characters"
    return subdomain_problem(name)


def _qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or subdomain_problem(prefix.lower())):
        return False
    return len(name) <= 63 and bool(_QUALIFIED.fullmatch(name))
