import pytest

from sandbox.engine.errors import SandboxError
from sandbox.tests.engine.toy import Playground

CHAIN = """
a = Thing("a", {"value": 1})
b = Thing("b", {"value": a.answer})
c = Thing("c", opts=options(depends_on=[b]))
"""


def test_a_second_up_changes_nothing_not_even_the_file(playground: Playground) -> None:
    assert playground.up(CHAIN + 'pulumi.export("out", b.answer)')
    assert playground.cloud.log == ["create a", "create b", "create c"]
    before = playground.state_file().read_bytes()
    assert playground.up()
    assert playground.cloud.log == []
    assert playground.state_file().read_bytes() == before
    assert "nothing changes" in playground.printed


def test_a_preview_touches_nothing_and_shows_what_up_would_do(playground: Playground) -> None:
    playground.program(CHAIN)
    assert playground.run("preview")
    assert not playground.state_file().exists()
    assert "4 to create" in playground.printed
    playground.up()
    playground.program(CHAIN.replace('"value": 1', '"value": 2, "region": "east"').replace("c = ", "#"))
    before = playground.state_file().read_bytes()
    playground.cloud.log.clear()
    assert playground.run("preview")
    assert playground.cloud.log == []
    assert playground.state_file().read_bytes() == before
    assert "+ region: east  (forces replacement)" in playground.printed
    assert "~ value: 1 => 2" in playground.printed
    assert "~ value: answer of a-here => [known after up]" in playground.printed
    assert "1 to delete" in playground.printed


def test_what_is_no_longer_declared_goes_last_and_dependents_first(playground: Playground) -> None:
    playground.up(CHAIN)
    assert playground.up('Thing("d")')
    assert playground.cloud.log == ["create d", "delete c", "delete b", "delete a"]
    assert playground.names() == ["d"]


def test_a_replacement_is_made_before_the_old_one_goes(playground: Playground) -> None:
    playground.up(CHAIN)
    assert playground.up(CHAIN.replace('"value": 1', '"region": "east"'))
    assert playground.cloud.log == ["create a", "update b", "delete a"]
    assert list(playground.cloud.things) == ["b-here", "c-here", "a-east"]


def test_what_must_be_deleted_first_takes_those_with_it_that_its_change_replaces(
    playground: Playground,
) -> None:
    """The dependent whose `place` comes from it goes before it; the one that can be updated stays."""
    body = """
a = Thing("a", {"place": PLACE})
moved = Thing("moved", {"place": a.answer})
kept = Thing("kept", {"value": a.answer})
"""
    playground.up(body.replace("PLACE", '"x"'))
    playground.program(body.replace("PLACE", '"y"'))
    assert playground.run("preview")
    assert "3 to" not in playground.printed
    assert "2 to replace" in playground.printed
    assert playground.up()
    assert playground.cloud.log == ["delete moved", "delete a", "create a", "create moved"]
    assert playground.up()
    assert playground.cloud.log == []


def test_a_renamed_parent_takes_its_children_along(playground: Playground) -> None:
    body = """
group = Group(NAME, opts=options(aliases=ALIASES))
thing = Thing(f"{NAME}-thing", opts=options(parent=group))
Thing("user", {"value": thing.answer})
"""
    playground.up(f'NAME, ALIASES = "old", []\n{body}')
    assert playground.up(f'NAME, ALIASES = "new", [pulumi.Alias(name="old")]\n{body}')
    assert playground.cloud.log == []
    assert playground.names() == ["new-thing", "user"]
    assert "::old" not in playground.state_file().read_text()


def test_options_are_honoured(playground: Playground) -> None:
    body = """
host = Thing("host")
Thing("guest", opts=options(deleted_with=host))
Thing("keepsake", opts=options(retain_on_delete=True))
Thing("stubborn", {"value": VALUE}, opts=options(ignore_changes=["value"]))
Thing("fragile", {"value": VALUE}, opts=options(replace_on_changes=["value"], delete_before_replace=True))
"""
    playground.up(f"VALUE = 1\n{body}")
    assert playground.up(f"VALUE = 2\n{body}")
    assert playground.cloud.log == ["delete fragile", "create fragile"]
    playground.cloud.log.clear()
    assert playground.run("down")
    assert playground.cloud.log == ["delete fragile", "delete stubborn", "delete host"]
    assert playground.deployment()["resources"] == []


def test_down_refuses_to_touch_anything_while_something_is_protected(playground: Playground) -> None:
    playground.up('Thing("a")\nThing("b", opts=options(protect=True))')
    assert playground.up('Thing("b", {"region": "east"}, opts=options(protect=True))') is False
    assert "marked for protection" in playground.printed
    before = playground.cloud.things
    with pytest.raises(SandboxError, match=r"nothing was deleted(.|\n)*  b \(toy:index:Thing\)"):
        playground.run("down")
    assert playground.cloud.things == before


def test_what_exists_can_be_read_and_imported(playground: Playground) -> None:
    playground.up('Thing("a", {"value": 1})')
    other = 'Thing("a", {"value": 1})\nThing("seen", opts=options(id="a-here"))\nThing("mine", {"value": 1}, options(import_="a-here"))'
    assert playground.up(other)
    assert playground.cloud.log == []
    states = {r["urn"].rsplit("::")[-1]: r for r in playground.deployment()["resources"]}
    assert states["seen"]["external"]
    assert states["mine"]["importID"] == "a-here"
    assert not playground.up('Thing("gone", opts=options(id="nowhere"))')
    assert "resource 'nowhere' does not exist" in playground.printed
