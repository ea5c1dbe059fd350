"""Asks the KBS whether it is the one that initdata pins, and whether it refuses a request without a token."""

import http.client
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tools.verify.check import LiveCheck

_SECONDS = 15


def checks(
    url: str, ca: str, path: str, *, address: tuple[str, int] | None, now: datetime
) -> list[LiveCheck]:
    """`ca` is the pinned PEM, `path` a served one, `address` where to connect instead of where `url` points."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 443
    certificate = f"certificate of {url}", f"is of the pinned CA, for {host}"
    token = f"{url}/kbs/v0/resource/{path}", "is refused without a token"
    try:
        plain = socket.create_connection(address or (host, port), timeout=_SECONDS)
    except OSError as error:
        reason = f"{address or (host, port)} cannot be reached ({error})"
        return [LiveCheck.skipped(*certificate, reason), LiveCheck.skipped(*token, reason)]
    with plain:
        try:
            secured = _context(ca).wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            problem = f"a guest would refuse it: {error.verify_message}"
            return [
                LiveCheck.of(*certificate, [problem]),
                LiveCheck.skipped(*token, "this is not the pinned KBS"),
            ]
        except OSError as error:
            problem = f"it does not speak TLS ({error})"
            return [
                LiveCheck.of(*certificate, [problem]),
                LiveCheck.skipped(*token, "this is not the pinned KBS"),
            ]
        with secured:
            ends = datetime.fromtimestamp(
                ssl.cert_time_to_seconds(str((secured.getpeercert() or {}).get("notAfter"))), UTC
            )
            proven = LiveCheck(
                subject=certificate[0],
                what=certificate[1],
                state="ok",
                detail=f"{(ends - now).days} days left",
            )
            return [proven, LiveCheck.of(*token, _unauthorised(secured, host, path))]


def _context(ca: str) -> ssl.SSLContext:
    """The guest adds the CA to its roots; here it is the only root, so that no certificate of a public authority counts."""
    context = ssl.create_default_context(cadata=ca)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # on from Python 3.13; guests do not ask for it
    return context


def _unauthorised(connection: ssl.SSLSocket, host: str, path: str) -> list[str]:
    client = http.client.HTTPConnection(host, timeout=_SECONDS)
    client.sock = connection
    try:
        client.request("GET", f"/kbs/v0/resource/{path}")
        status = client.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return [f"it gives no answer ({error})"]
    return [] if status == 401 else [f"it answers {status} instead of 401"]
