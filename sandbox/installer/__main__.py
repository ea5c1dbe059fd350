"""`python -m sandbox.installer <home> embedded|pulumi <arguments of openshift-install>`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from sandbox.installer import cluster, install_config

_STATE = ".openshift_install_state.json"


def main(arguments: list[str]) -> int:
    home, engine, *rest = arguments
    parser = argparse.ArgumentParser(prog="openshift-install", description=__doc__)
    parser.add_argument("verb", choices=["create", "wait-for", "destroy"])
    parser.add_argument("what")
    parser.add_argument("--dir", type=Path, default=Path())
    options = parser.parse_args(rest)
    maker = cluster.Maker(Path(home), "pulumi" if engine == "pulumi" else "embedded")
    try:
        match options.verb, options.what:
            case "create", "ignition-configs":
                _prepare(options.dir)
            case "create", "cluster":
                _say("info", "Creating infrastructure resources...")
                kubeconfig = maker.make(*_prepared(options.dir), _principal())
                _write(options.dir / "auth" / "kubeconfig", kubeconfig)
                _say("info", 'Login to the console with user: "kubeadmin", and password: "stand-in"')
            case "wait-for", "bootstrap-complete" | "install-complete":
                config, _ = _prepared(options.dir)
                _write(options.dir / "auth" / "kubeconfig", maker.kubeconfig(config.metadata.name))
            case "destroy", "bootstrap":
                _say("info", "the stand-in has no bootstrap machine")
            case "destroy", "cluster":
                maker.destroy(json.loads((options.dir / "metadata.json").read_text()), _principal())
            case _:
                raise cluster.Failed(f'unknown command "{options.what}"')
    except (cluster.Failed, install_config.Invalid) as error:
        _say("fatal", str(error))
        return 1
    except FileNotFoundError as error:
        _say("fatal", f"open {error.filename}: no such file or directory")
        return 1
    return 0


def _prepare(folder: Path) -> None:
    """As the real one it consumes the install-config, and decides the id of the cluster."""
    path = folder / "install-config.yaml"
    config = install_config.read(path.read_text())
    principal, azure = _principal(), config.platform.azure
    infra = cluster.infra_id(config)
    metadata = {
        "clusterName": config.metadata.name,
        "clusterID": cluster.guid(infra),
        "infraID": infra,
        "azure": {
            "armEndpoint": "",
            "cloudName": azure.cloudName,
            "region": azure.region,
            "resourceGroupName": "",
            "baseDomainResourceGroupName": azure.baseDomainResourceGroupName,
        },
    }
    _write(folder / _STATE, json.dumps({"installConfig": config.model_dump(mode="json"), "infraID": infra}))
    _write(folder / "metadata.json", json.dumps(metadata))
    path.unlink()
    _say("info", f"Credentials loaded of client {principal['clientId']}; ignition configs are not made here")


def _prepared(folder: Path) -> tuple[install_config.InstallConfig, str]:
    """What `_prepare` kept, and the id of the cluster."""
    kept = json.loads((folder / _STATE).read_text())
    return install_config.InstallConfig.model_validate(kept["installConfig"]), kept["infraID"]


def _principal() -> dict[str, str]:
    """Raises Failed, without the secret in the text."""
    path = Path(os.environ.get("AZURE_AUTH_LOCATION") or "~/.azure/osServicePrincipal.json")
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise cluster.Failed(f"failed to load {path}: {type(error).__name__}") from None
    if missing := [
        each for each in ("subscriptionId", "tenantId", "clientId", "clientSecret") if not known.get(each)
    ]:
        raise cluster.Failed(f"could not get Azure credentials: {', '.join(missing)} missing")
    return known


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o640)
    path.write_text(text)


def _say(level: str, words: str) -> None:
    print(f"level={level} msg={json.dumps(f'(stand-in) {words}')}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
