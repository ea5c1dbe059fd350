"""`make egress STACK=prod-spoke`: where the machines of the stack go, for whoever has the firewall before them.

From the stack file, the workloads' images and `tools/egress.yaml` alone; nothing is asked. `ARGS=--rules` prints application rules
as Azure Firewall Policy has them (Microsoft.Network/firewallPolicies/ruleCollectionGroups, ApplicationRule), without those of the
machine that pulumi runs on.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from rich import box
from rich.table import Table

from config.roles import AnyConfig, ContractConfig, HubConfig, SpokeConfig, StandaloneConfig
from config.sections import AroSection, SelfManagedSection, TrustedZone
from model.azure import addresses
from sandbox.ending import end
from tools import stack_file
from tools.posture import render_text

Untrusted = SpokeConfig | StandaloneConfig
Placed = HubConfig | Untrusted
From = Literal["nodes", "peer pods", "pulumi"]
_FILE: Final = Path(__file__).with_name("egress.yaml")
# A pull from these goes on elsewhere (howto-restrict-egress).
_LEADS_TO: Final = {"quay.io": ("cdn.quay.io", "cdn01.quay.io", "cdn02.quay.io", "cdn03.quay.io")}
_WORKLOADS: Final = Path(__file__).resolve().parent.parent / "workloads"


class Usual(BaseModel):
    """An entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Literal["every", "aro", "selfManaged", "spoke", "tdx"]
    from_: From = Field(alias="from")
    hosts: tuple[str, ...]
    why: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Destination:
    """``host`` is a name, or words in angle brackets where only the running stack knows it."""

    from_: From
    host: str
    why: str
    port: int = 443


def usual() -> list[Usual]:
    return TypeAdapter(list[Usual]).validate_python(yaml.safe_load(_FILE.read_text("utf-8")))


def destinations(config: Placed, hub: AnyConfig | None) -> list[Destination]:
    """Of the stack with this ``config``; ``hub`` is that of a spoke's hub, where its file is here."""
    of = {"every"}
    of |= {"aro"} if isinstance(config.cluster, AroSection) else set()
    of |= {"selfManaged"} if isinstance(config.cluster, SelfManagedSection) else set()
    of |= {"spoke"} if isinstance(config, SpokeConfig | StandaloneConfig) else set()
    of |= {"tdx"} if isinstance(config, TrustedZone) and "az-tdx-vtpm" in config.trustee.tees else set()
    found = [
        Destination(from_=each.from_, host=host, why=each.why)
        for each in usual()
        if each.of in of and not (each.from_ == "pulumi" and config.azure is None)
        for host in each.hosts
    ]
    found.append(Destination(from_="pulumi", host=_api(config), port=6443, why="the cluster's API"))
    if isinstance(config, TrustedZone):
        found += _vaults(config)
    if isinstance(config, SpokeConfig | StandaloneConfig):
        found += _of_peer_pods(config, config if isinstance(config, StandaloneConfig) else hub)
    return list(dict.fromkeys(found))


def _vaults(config: TrustedZone) -> Iterator[Destination]:
    given = config.external_secrets
    for vault in (given.key_vault, given.vault) if given else ():
        if vault is not None:
            place, why = urlsplit(vault.url), "secrets that the hub serves from there"
            yield Destination(from_="nodes", host=place.hostname or "", port=place.port or 443, why=why)
    if given and given.key_vault:
        yield Destination(from_="nodes", host="login.microsoftonline.com", why="the login at the Key Vault")


def _of_peer_pods(config: Untrusted, trusted: AnyConfig | None) -> Iterator[Destination]:
    yield Destination(from_="peer pods", host=_kbs(trusted), why="the KBS")
    for host, names in _registries(config).items():
        for each in (host, *_LEADS_TO.get(host, ())):
            yield Destination(from_="peer pods", host=each, why=f"images of {', '.join(names)}")
    if isinstance(trusted, TrustedZone) and trusted.object_store is not None:
        account = f"{trusted.object_store.account}.blob.core.windows.net"
        yield Destination(from_="peer pods", host=account, why="snapshots of workloads")


def _api(config: Placed) -> str:
    cluster = config.cluster
    if isinstance(cluster, AroSection):
        return f"api.{cluster.domain}.{config.required_azure.location}.aroapp.io"
    if isinstance(cluster, SelfManagedSection):
        return f"api.{cluster.name}.{cluster.base_domain}"
    return "<the server of coco:kubeconfig>"


def _kbs(trusted: AnyConfig | None) -> str:
    if isinstance(trusted, TrustedZone) and trusted.trustee.host:
        return trusted.trustee.host
    api = _api(trusted) if isinstance(trusted, HubConfig | StandaloneConfig) else ""
    return (
        f"kbs.apps.{api.removeprefix('api.')}" if api.startswith("api.") else "<the host of the hub's kbsUrl>"
    )


def _registries(config: Untrusted) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in config.workloads:
        lock = yaml.safe_load((_WORKLOADS / name / "images.lock.yaml").read_text("utf-8"))
        for host in dict.fromkeys(image.partition("/")[0] for image in lock["images"]):
            found.setdefault(host, []).append(name)
    return found


def rules(config: Placed, found: Sequence[Destination]) -> list[dict[str, Any]]:
    """One rule for each kind of machine and port. Their source is what the stack makes, and everything where it makes none."""
    ranges: dict[From, list[str]] = {"nodes": ["*"], "peer pods": ["*"]}
    if config.network is not None and config.network.cidr is not None:
        plan = addresses.plan(config.network.cidr, peer_pods=True)
        ranges = {"nodes": [str(plan.control_plane), str(plan.workers)], "peer pods": [str(plan.peer_pods)]}
    hosts: dict[tuple[From, int], list[str]] = {}
    for each in found:
        if each.from_ in ranges and not each.host.startswith("<"):
            hosts.setdefault((each.from_, each.port), []).append(each.host)
    return [
        {
            "ruleType": "ApplicationRule",
            "name": f"{from_.replace(' ', '-')}-{port}",
            "protocols": [{"protocolType": "Https", "port": port}],
            "sourceAddresses": ranges[from_],
            "targetFqdns": list(dict.fromkeys(names)),
        }
        for (from_, port), names in hosts.items()
    ]


def _hub(config: Placed, folder: Path) -> AnyConfig | None:
    """Through a contract too, as far as files of this folder tell."""
    name = config.hub.last if isinstance(config, SpokeConfig) else None
    for _ in range(2):
        if name is None:
            return None
        try:
            found = stack_file.read(name, folder)
        except stack_file.NoStack:
            return None
        if not isinstance(found, ContractConfig):
            return found
        name = found.hub.last
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.egress", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("--rules", action="store_true", help="as JSON, for Azure Firewall Policy")
    parser.add_argument("--stacks", type=Path, default=stack_file.FOLDER, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        config = stack_file.read(options.stack, options.stacks)
        if isinstance(config, ContractConfig):
            raise stack_file.NoStack(f"{options.stack} has the role {config.role} and no machines")
    except stack_file.NoStack as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    found = destinations(config, _hub(config, options.stacks))
    if options.rules:
        print(json.dumps(rules(config, found), indent=2))
    else:
        render_text.console().print(_table(options.stack, found))
    return 0


def _table(stack: str, found: Sequence[Destination]) -> Table:
    table = Table(title=f"Where {stack} goes", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in ("from", "to", "port", "for"):
        table.add_column(column, overflow="fold")
    for row in sorted(found, key=lambda each: each.from_):
        table.add_row(row.from_, row.host, str(row.port), row.why)
    return table


if __name__ == "__main__":
    end(main)
