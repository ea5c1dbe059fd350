"""The lock file comes back as it was written, and nothing else is taken for one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.workloads import lock
from model.workloads.documents import DocumentError
from model.workloads.lock import Lock, LockedImage
from tests.model.workloads.manifests import DIGEST, IMAGE, image

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
IMAGES = st.builds(
    LockedImage,
    digest=st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:".__add__),
    entrypoint=st.lists(TEXTS, max_size=3).map(tuple),
    command=st.lists(TEXTS, max_size=3).map(tuple),
    environment=st.lists(TEXTS, max_size=3).map(tuple),
    user=TEXTS,
    workingDir=TEXTS,
    stopSignal=TEXTS,
    readAt=st.datetimes(timezones=st.just(UTC)),
    readFrom=TEXTS.filter(bool),
)


@given(st.dictionaries(TEXTS.filter(bool), IMAGES, max_size=3))
def test_what_is_written_is_read_back(images: dict[str, LockedImage]) -> None:
    written = Lock(images=images)
    assert lock.read(lock.render(written)) == written


@given(st.permutations(["b", "a", "c"]))
def test_the_same_lock_gives_the_same_text(order: list[str]) -> None:
    text = lock.render(Lock(images={name: image() for name in order}))
    assert text == lock.render(Lock(images={name: image() for name in "abc"}))


def test_the_text_is_for_review() -> None:
    text = lock.render(
        Lock(images={IMAGE: image(stopSignal="", command=[], readAt=datetime(2026, 11, 25, tzinfo=UTC))})
    )
    assert text.endswith(f"""
images:
  {IMAGE}:
    digest: {DIGEST}
    entrypoint:
    - /entry
    environment:
    - PATH=/usr/bin
    - A=image
    user: '1001'
    workingDir: /srv
    readAt: 2026-11-25T00:00:00Z
    readFrom: registry.example.com/team/web
""")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be one YAML document"),
        ("images: {}\n---\nimages: {}", "must be one YAML document"),
        ("images: {a: {digest: sha256:00, readAt: 2026-11-25T10:00:00Z, readFrom: a}}", "images.a.digest"),
        (f"images: {{a: {{digest: '{DIGEST}', readFrom: a}}}}", "images.a.readAt"),
        (f"images: {{a: {{digest: '{DIGEST}', readAt: 2026-11-25T10:00:00, readFrom: a}}}}", "timezone"),
        (
            f"images: {{a: {{digest: '{DIGEST}', readAt: 2026-11-25T10:00:00Z, readFrom: a, env: []}}}}",
            "images.a.env",
        ),
        ("images: {a: 1, a: 2}", "comes twice"),
    ],
)
def test_another_text_is_refused_by_the_key_that_is_wrong(text: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        lock.read(text)
    assert said in str(caught.value)
