import copy
import pickle

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from model.digests import UNMEASURED, ImageDigest, Pcr
from model.stacks import StackName
from model.versions import Version

SAMPLES = [
    (Pcr, "0a" * 32, ["0A" * 32, "0a" * 31, "0a" * 33, "0x" + "0a" * 31, "0a" * 32 + "\n", ""]),
    (ImageDigest, "sha256:" + "0a" * 32, ["0a" * 32, "sha512:" + "0a" * 32, "sha256:" + "0A" * 32]),
    (StackName, "organization/coco/dev-hub", ["dev-hub", "coco/dev-hub", "a/b/c/d", "a//c", "/b/c"]),
    (Version, "1.13.1", ["1.13", "latest"]),
]
WRONG = [(type_, text) for type_, _, texts in SAMPLES for text in texts]


class TextDocument(BaseModel):
    pcr: Pcr = UNMEASURED
    digest: ImageDigest | None = None
    stack: StackName | None = None
    version: Version | None = None


FIELDS = {Pcr: "pcr", ImageDigest: "digest", StackName: "stack", Version: "version"}


@pytest.mark.parametrize(("type_", "text"), WRONG)
def test_a_text_of_another_form_is_refused_wherever_it_comes_from(type_, text):
    document = {FIELDS[type_]: text}
    with pytest.raises(ValueError, match=type_.FORM):
        type_(text)
    with pytest.raises(ValidationError, match=type_.FORM):
        TextDocument.model_validate(document)
    # A final line break apart, which ECMAScript's $ refuses and Python's takes.
    assert text.endswith("\n") or not Draft202012Validator(TextDocument.model_json_schema()).is_valid(
        document
    )


@pytest.mark.parametrize(("type_", "text"), [(type_, text) for type_, text, _ in SAMPLES])
def test_a_field_holds_the_type_and_json_the_text(type_, text):
    field = FIELDS[type_]
    document = TextDocument.model_validate({field: text})
    assert type(getattr(document, field)) is type_
    assert document.model_dump(mode="json")[field] == text
    assert TextDocument.model_validate_json(document.model_dump_json()) == document
    assert type(copy.deepcopy(document.model_copy()).__dict__[field]) is type_
    assert pickle.loads(pickle.dumps(type_(text))) == text  # noqa: S301
    assert Draft202012Validator(TextDocument.model_json_schema()).is_valid({field: text})


def test_the_last_part_of_a_stacks_name_is_its_name_in_the_project():
    assert StackName("organization/coco/dev-hub").last == "dev-hub"
