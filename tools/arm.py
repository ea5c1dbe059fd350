"""Azure Resource Manager as the user's own login sees it, by GET requests alone."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

AZURE: Final = "https://management.azure.com"
_PATIENCE: Final = 60  # seconds; the list of VM sizes of a region is several megabytes


class NoLogin(Exception):
    """Nobody is logged in, or the az command is not there; the text says what to do."""


class Unanswered(Exception):
    """Azure refused one request, or did not answer it; the text says which and why."""


class Missing(Unanswered):
    """There is no such thing (404)."""


def token() -> str:
    """An access token of the login of the Azure CLI. Raises NoLogin."""
    az = shutil.which("az")
    if az is None:
        raise NoLogin("the Azure CLI, az, is not installed: https://aka.ms/azure-cli")
    ask = [
        az,
        "account",
        "get-access-token",
        "--resource",
        f"{AZURE}/",
        "--query",
        "accessToken",
        "-o",
        "tsv",
    ]
    done = subprocess.run(ask, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode or not done.stdout.strip():
        raise NoLogin("az has no valid login: run az login")
    return done.stdout.strip()


class Arm:
    """`endpoint` is another address only in tests."""

    def __init__(self, token: str, endpoint: str = AZURE) -> None:
        self._token, self._endpoint = token, endpoint

    def get(self, path: str, api_version: str, **query: str) -> Any:
        """The JSON at `path`, such as /subscriptions/<id>. Raises Missing, Unanswered."""
        asked = urllib.parse.urlencode({"api-version": api_version, **query})
        return self._open(f"{self._endpoint}{path}?{asked}", path)

    def every(self, path: str, api_version: str, **query: str) -> Iterator[dict[str, Any]]:
        """All entries of a list, page by page. Raises Missing, Unanswered."""
        page = self.get(path, api_version, **query)
        yield from page["value"]
        while following := page.get("nextLink"):
            if not str(following).startswith(f"{self._endpoint}/"):
                raise Unanswered(f"{path}: the next page is at another address, which is not followed")
            page = self._open(following, path)
            yield from page["value"]

    def _open(self, url: str, path: str) -> Any:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self._token}"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            reason = f"{path}: {error.code} {_reason(error)}".rstrip()
            raise Missing(reason) if error.code == 404 else Unanswered(reason) from None
        except (OSError, ValueError) as error:
            raise Unanswered(f"{path}: {getattr(error, 'reason', error)}") from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        said = json.load(error)["error"]
        return f"{said['code']}: {said['message']}"
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
