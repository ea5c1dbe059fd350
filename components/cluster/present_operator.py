"""An operator that somebody else installed in the cluster: looked at, never changed.

A Job (present.sh) ends when a version of it works that is new enough. Which one it is, and when it is upgraded, is not this
program's business.
"""

from dataclasses import dataclass

import pulumi

from components.in_cluster import JobArgs, job
from components.scripts import script

PRESENT = script("cluster/present.sh")


@dataclass(frozen=True, kw_only=True)
class PresentOperatorArgs:
    """``package`` is what its versions are called before ``.v<version>``; ``oldest`` the first that will do.

    ``namespace``: any of the program's own, where the Job runs.
    """

    package: str
    oldest: str
    namespace: pulumi.Output[str]


class PresentOperator(pulumi.ComponentResource):
    """Depend on the whole component: when it is there, a version of the operator works.

    ``namespace`` is that of the arguments, and ``csv`` says that the version is somebody else's.
    """

    namespace: pulumi.Output[str]
    csv: str

    def __init__(
        self, name: str, args: PresentOperatorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:PresentOperator", name, {}, opts)
        account = f"look-for-{args.package}"
        job(
            f"{name}-present",
            f"{name}-present-account",
            JobArgs(
                name=account,
                namespace=args.namespace,
                account=account,
                script=PRESENT,
                environment={"PACKAGE": args.package, "OLDEST": args.oldest},
                patience=300,
                rules=(),
                cluster_rules=[
                    {
                        "api_groups": ["operators.coreos.com"],
                        "resources": ["clusterserviceversions"],
                        "verbs": ["list"],
                    }
                ],
            ),
            parent=self,
        )
        self.namespace, self.csv = args.namespace, f"{args.package}, present"
        self.register_outputs({"csv": self.csv})
