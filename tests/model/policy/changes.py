"""Ways to change an honest request into a bad one."""

import copy
from collections.abc import Callable
from typing import Any

from tests.model.policy import parts
from tests.model.policy.life import container_id
from tests.model.policy.parts import SHARED
from tests.model.policy.recorded import Request

Change = Callable[[dict[str, Any]], object]


def signal(number: int, which: int) -> Request:
    fields = {"container_id": container_id(number), "exec_id": "", "signal": which}
    return Request("SignalProcessRequest", fields)


def changed(request: Request, change: Change) -> Request:
    fields = copy.deepcopy(request.input)
    change(fields)
    assert fields != request.input
    return Request(request.name, fields)


def of_process(request: dict[str, Any], **fields: Any) -> None:
    request["process"].update(fields)


def env(request: dict[str, Any]) -> list[str]:
    return request["OCI"]["Process"]["Env"]


def namespaces(request: dict[str, Any]) -> list[dict[str, str]]:
    return request["OCI"]["Linux"]["Namespaces"]


def user(request: dict[str, Any], **fields: Any) -> None:
    request["OCI"]["Process"]["User"].update(fields)


def variable(request: dict[str, Any], name: str, value: str | None) -> None:
    found = env(request)
    [place] = [number for number, one in enumerate(found) if one.startswith(f"{name}=")]
    found[place : place + 1] = [] if value is None else [f"{name}={value}"]


def mount(request: dict[str, Any], at: str, **fields: Any) -> None:
    [found] = [one for one in request["OCI"]["Mounts"] if one["destination"] == at]
    found.update(fields)


def add_mount(request: dict[str, Any], destination: str, name: str) -> None:
    source = f"{SHARED}/{request['container_id']}-{parts.HEX}-{name}"
    options = ["rbind", "rprivate", "rw", "bind"]
    request["OCI"]["Mounts"].append(
        {"destination": destination, "type_": "bind", "source": source, "options": options}
    )


def without_mount(request: dict[str, Any], destination: str) -> None:
    mounts = request["OCI"]["Mounts"]
    mounts[:] = [one for one in mounts if one["destination"] != destination]


def pull(request: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in request["storages"] if one["driver"] == "image_guest_pull")


def storage(request: dict[str, Any], of: str, **fields: Any) -> None:
    [found] = [one for one in request["storages"] if one["driver"] == of]
    found.update(fields)
