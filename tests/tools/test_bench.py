import ipaddress
import json
from pathlib import Path

import yaml

from tools import bench
from tools.bench import Figure


def test_a_figure_says_whether_it_keeps_its_limit() -> None:
    assert str(Figure(what="up", value=1.5, unit="times", at_most=2)).endswith("at most 2    ok")
    assert str(Figure(what="up", value=2.5, unit="times", at_most=2)).endswith("OVER")
    assert str(Figure(what="imports", value=2.5, unit="s")).endswith("s")


def test_many_spokes_of_one_hub_share_nothing_they_must_not(tmp_path: Path) -> None:
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    for role in ("hub", "spoke"):
        name = f"Pulumi.dev-{role}.yaml"
        (stacks / name).write_text((bench.ROOT / "stacks" / name).read_text())
    bench._write_environment(tmp_path, 50)
    made = [yaml.safe_load(path.read_text())["config"] for path in stacks.glob("Pulumi.n50-*.yaml")]
    assert len(made) == 51
    ranges = [ipaddress.ip_network(stack["coco:network"]["cidr"]) for stack in made]
    assert not any(a.overlaps(b) for a in ranges for b in ranges if a is not b)
    identities = {json.dumps(stack["coco:cluster"]["servicePrincipal"]) for stack in made}
    assert len(identities) == len({stack["coco:cluster"]["domain"] for stack in made}) == 51
    assert {stack["coco:hub"] for stack in made if stack["coco:role"] == "spoke"} == {
        "organization/coco/n50-hub"
    }


def test_the_initdata_of_each_sample_fits_and_the_policy_of_five_containers_is_timed(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "round-0").symlink_to(home)
    timed, *documents = bench._policies(tmp_path)
    assert (timed.unit, timed.at_most, timed.value > 0) == ("ms", 50, True)
    assert [figure.what for figure in documents] == [
        f"initdata of {name}, encoded" for name in ("hello-openshift", "kbs-access", "kbs-sealed")
    ]
    assert all(figure.value <= 12 for figure in documents)
