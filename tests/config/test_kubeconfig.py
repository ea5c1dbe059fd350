"""A kubeconfig works wherever the program runs and lets nobody in between, or is refused with what to do; no value is repeated."""

from typing import Any

import pytest
import yaml

from config.kubeconfig import mistakes
from tests.config import committed

CANARY = "canary-41d7"


def kubeconfig(server: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> str:
    good: dict[str, Any] = yaml.safe_load(committed.SECRETS["kubeconfig"])
    good["clusters"][0]["cluster"] |= server or {}
    if user is not None:
        good["users"][0]["user"] = user
    return yaml.safe_dump(good)


def rules(text: str) -> list[str]:
    found = list(mistakes(text))
    assert not any(CANARY in str(each) for each in found)
    assert all(each.key == "kubeconfig" and each.value is None for each in found)
    return [each.rule for each in found]


@pytest.mark.parametrize(
    "user",
    [
        {"token": CANARY},
        {"client-certificate-data": CANARY, "client-key-data": CANARY},
    ],
)
def test_a_token_or_a_certificate_with_its_key_is_taken(user: dict[str, Any]) -> None:
    assert rules(kubeconfig({"certificate-authority-data": CANARY}, user)) == []


BAD = [
    ({"server": "http://api.example:6443"}, None, "starts with https://"),
    ({"server": 6443}, None, "must be YAML"),
    ({"insecure-skip-tls-verify": True}, None, "insecure-skip-tls-verify"),
    ({"certificate-authority": f"/{CANARY}/ca.crt"}, None, "not the paths of files"),
    (None, {"client-certificate": CANARY, "client-key": CANARY}, "not the paths of files"),
    (None, {"tokenFile": CANARY}, "not the paths of files"),
    (None, {"exec": {"command": "kubelogin", "args": [CANARY]}}, "must not run a program"),
    (None, {"auth-provider": {"name": "azure", "config": {"x": CANARY}}}, "must not run a program"),
    (None, {"username": "kubeadmin", "password": CANARY}, "user name and password"),
    (None, {}, "must hold a token"),
    (None, {"client-certificate-data": CANARY}, "must hold a token"),
    (None, {"token": ""}, "must hold a token"),
]


@pytest.mark.parametrize(("server", "user", "words"), BAD)
def test_what_works_only_here_or_lets_others_in_is_refused_with_one_sentence(
    server: dict[str, Any] | None, user: dict[str, Any] | None, words: str
) -> None:
    [rule] = rules(kubeconfig(server, user))
    assert words in rule


def test_every_mistake_of_a_context_is_told_at_once() -> None:
    found = rules(kubeconfig({"insecure-skip-tls-verify": True, "server": "http://x"}, {"tokenFile": CANARY}))
    assert len(found) == 3


def test_contexts_that_are_not_used_may_be_anything() -> None:
    text: dict[str, Any] = yaml.safe_load(committed.SECRETS["kubeconfig"])
    text["users"].append({"name": "other", "user": {"exec": {"command": CANARY}}})
    text["contexts"].append({"name": "other", "context": {"cluster": "lab", "user": "other"}})
    assert rules(yaml.safe_dump(text)) == []


@pytest.mark.parametrize("part", ["clusters", "users"])
def test_a_context_without_its_cluster_or_user_is_refused(part: str) -> None:
    text: dict[str, Any] = yaml.safe_load(committed.SECRETS["kubeconfig"])
    text[part][0]["name"] = CANARY
    assert rules(yaml.safe_dump(text)) != []
