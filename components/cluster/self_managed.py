"""A self-managed OpenShift cluster that `openshift-install` makes in a network of the stack.

Two commands. The first one prepares: it decides the cluster's id and makes nothing in Azure, and its output has all that
`openshift-install destroy` asks for. So whatever the second one leaves half made, the state knows how to take it away, on any machine.
"""

import json
import subprocess
from dataclasses import dataclass

import pulumi
from pulumi_command import local

from components.cluster.access import ClusterAccess, access
from model.azure import install_config
from model.azure.install_config import InstallConfig

_PARTS = "\n---\n"  # between the install-config and the metadata that prepare.sh prints
_DOWNLOAD = "https://mirror.openshift.com/pub/openshift-v4/clients/ocp/{0}/"


@dataclass(frozen=True, kw_only=True)
class SelfManagedClusterArgs:
    """``install_config`` has no secret in it. ``folder``, relative to the project, is what `openshift-install` works in.

    The service principal needs the roles Contributor and User Access Administrator on the subscription.
    """

    stack: str
    cluster_name: str
    version: str
    install_config: pulumi.Output[InstallConfig]
    subscription_id: str
    tenant_id: str
    client_id: str
    client_secret: pulumi.Output[str]
    pull_secret: pulumi.Output[str]
    protect: bool

    @property
    def folder(self) -> str:
        return f".openshift-install/{self.stack}"


class SelfManagedCluster(pulumi.ComponentResource):
    """Installed once and never again: what is changed later is refused in the preview, or happens in the cluster."""

    access: ClusterAccess

    def __init__(
        self, name: str, args: SelfManagedClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:SelfManagedCluster", name, {}, opts)
        wanted = args.install_config.apply(InstallConfig.text)
        installation = self._command(
            f"{name}-installation",
            args,
            create="prepare",
            delete="destroy",
            environment={"INSTALL_CONFIG": wanted, "PULL_SECRET": args.pull_secret, "VERSION": args.version},
            opts=pulumi.ResourceOptions(
                delete_before_replace=True,
                # Of what was given for the installation only the principal is needed again, to take it away.
                ignore_changes=[f"environment.{key}" for key in ("INSTALL_CONFIG", "PULL_SECRET", "VERSION")],
            ),
        )
        installed = self._command(
            f"{name}-installed",
            args,
            create="create",
            delete=None,
            environment={},
            opts=pulumi.ResourceOptions(depends_on=[installation], ignore_changes=["environment"]),
        )
        able = pulumi.Output.from_input(_able_to_install(installation, args.version))
        self.access = access(
            name,
            kubeconfig=pulumi.Output.all(installed.stdout, able).apply(lambda both: str(both[0])),
            cluster_identifier=args.cluster_name,
            parent=self,
        )
        installed_as = pulumi.Output.all(wanted, installation.stdout).apply(lambda both: _unchanged(*both))
        self.register_outputs({**self.access.outputs(), "installConfig": installed_as})

    def _command(
        self,
        name: str,
        args: SelfManagedClusterArgs,
        *,
        create: str,
        delete: str | None,
        environment: dict[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> local.Command:
        """One whose output is kept as it is when something around it changes, and never shown."""
        principal = args.client_secret.apply(
            lambda secret: json.dumps(
                {
                    "subscriptionId": args.subscription_id,
                    "tenantId": args.tenant_id,
                    "clientId": args.client_id,
                    "clientSecret": secret,
                }
            )
        )
        return local.Command(
            name,
            create=_script(create),
            # Without one the command for `create` would run again, and install again.
            update=_script("keep"),
            delete=_script(delete) if delete else None,
            environment={"INSTALL_DIR": args.folder, "SERVICE_PRINCIPAL": principal, **environment},
            interpreter=["/bin/sh", "-c"],
            # The default writes the kubeconfig and the password of kubeadmin to the terminal.
            logging=local.Logging.NONE,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(
                    parent=self,
                    protect=args.protect,
                    # Not "environment", whose secrets are secret one by one: pulumi-command would show a change for ever.
                    additional_secret_outputs=["stdout", "stderr"],
                    custom_timeouts=pulumi.CustomTimeouts(create="2h", delete="2h"),
                ),
                opts,
            ),
        )


def _script(name: str) -> str:
    """A command, run in the project's folder. It is short because pulumi repeats all of it in front of an error."""
    return f"sh components/cluster/openshift_install/{name}.sh"


def _unchanged(wanted: str, said: str) -> str:
    """What the cluster was installed as. RunError where the stack file wants another one; in previews too."""
    installed = said.partition(_PARTS)[0]
    changes = list(install_config.changes(installed, wanted))
    if changes:
        raise pulumi.RunError(
            "the cluster is installed, and this program does not install it again:\n"
            + "\n".join(f"  {change}" for change in changes)
            + "\nPut the values back. Machines are changed in the cluster (oc edit machineset -n openshift-machine-api), and a cluster"
            " with another name or network is another stack."
        )
    return installed


async def _able_to_install(installation: local.Command, version: str) -> None:
    """RunError in the preview of an installation that this machine cannot do."""
    if not pulumi.runtime.is_dry_run() or await installation.id.is_known():
        return
    try:
        said = subprocess.run(  # that of PATH, as the scripts take it
            ["openshift-install", "version"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        said = "not there, or does not run"
    if not said.startswith(f"openshift-install {version}\n"):
        raise pulumi.RunError(
            f"cluster.kind selfManaged installs with openshift-install {version}, and the one on PATH is"
            f" {said.partition(chr(10))[0]}: get it from {_DOWNLOAD.format(version)} (openshift-install-linux.tar.gz or that of your"
            " system) and put it on PATH"
        )
