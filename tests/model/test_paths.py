from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from model.paths import PathError, ResourcePath, served

names = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,12}", fullmatch=True)
paths = st.builds(ResourcePath, names, names, names)


class PathDocument(BaseModel):
    one: ResourcePath
    readers: Mapping[ResourcePath, int] = {}


@given(paths)
def test_a_path_is_read_back_from_its_text_and_from_its_uri(path):
    assert ResourcePath.parse(str(path)) == path
    assert ResourcePath.parse(path.uri) == ResourcePath.of_uri(path.uri) == path
    with pytest.raises(PathError, match="is no KBS resource"):
        ResourcePath.of_uri(str(path))
    assert path.uri == f"kbs:///{path.repository}/{path.secret}/{path.key}"


@given(paths)
def test_json_holds_the_text_and_gives_the_path_back(path):
    document = PathDocument(one=path, readers={path: 1})
    assert document.model_dump(mode="json") == {"one": str(path), "readers": {str(path): 1}}
    assert PathDocument.model_validate_json(document.model_dump_json()) == document
    assert PathDocument.model_validate({"one": path.uri, "readers": {str(path): 1}}) == document


@pytest.mark.parametrize(
    "text",
    [
        *("", "a/b", "a/b/c/d", "kbs://a/b/c", "/a/b/c", "a/b/", "a//c", "kbs:///a/b/c?x=1"),
        *("a/../c", "a/.b/c", "a/b c/d", 'a/b"]/c', "a/b/c\n", "a/ü/c", "http:///a/b"),
    ],
)
def test_what_no_kbs_serves_is_no_path(text):
    with pytest.raises(PathError, match="is no KBS resource"):
        ResourcePath.parse(text)
    with pytest.raises(ValidationError, match="is no KBS resource"):
        PathDocument.model_validate({"one": text})


@given(names, names, st.text(max_size=6))
def test_no_part_smuggles_another_one_in(repository, secret, key):
    try:
        path = ResourcePath(repository, secret, key)
    except PathError:
        return
    assert path.uri.removeprefix("kbs:///").split("/") == [repository, secret, key]


def test_the_operator_serves_a_secret_in_the_repository_default():
    assert served("kbsres1", "key1").uri == "kbs:///default/kbsres1/key1"


@pytest.mark.parametrize("text", ["default/kbsres1/key1", "a/b", "a/.b/c", "a/b/c/d"])
def test_the_json_schema_takes_what_the_type_takes(text):
    document = {"one": text}
    valid = Draft202012Validator(PathDocument.model_json_schema()).is_valid(document)
    try:
        PathDocument.model_validate(document)
    except ValidationError:
        assert not valid
    else:
        assert valid
