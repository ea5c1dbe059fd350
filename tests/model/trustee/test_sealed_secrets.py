import base64
import hashlib
import json
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from model.paths import ResourcePath, served
from model.trustee import sealed_secrets
from model.trustee.sealed_secrets import SealedSecret, SealedSecretError

# RFC 6979, A.2.5: curve NIST P-256
RFC_KEY = ec.derive_private_key(
    0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()
)
SECRET = SealedSecret(name=served("kbsres1", "key1"), kid=sealed_secrets.KEY_PATH)
SEALED = sealed_secrets.seal(SECRET, RFC_KEY)
JWK = sealed_secrets.public_jwk(RFC_KEY)

segments = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,20}", fullmatch=True)
paths = st.builds(ResourcePath, segments, segments, segments)
keys = st.binary(min_size=40, max_size=64).map(sealed_secrets.signing_key)


@settings(max_examples=50, deadline=None)
@given(name=paths, kid=paths, key=keys, other=keys)
def test_sealing_is_repeatable_and_only_the_right_key_opens_it(name, kid, key, other):
    secret = SealedSecret(name=name, kid=kid)
    text = sealed_secrets.seal(secret, key)
    assert text == sealed_secrets.seal(secret, key)
    assert sealed_secrets.unseal(text, sealed_secrets.public_jwk(key)) == secret
    if sealed_secrets.public_jwk(other) != sealed_secrets.public_jwk(key):
        with pytest.raises(SealedSecretError, match="altered, or signed with another key"):
            sealed_secrets.unseal(text, sealed_secrets.public_jwk(other))


def test_the_text_is_what_the_guest_parses():
    header, payload, signature = SEALED.removeprefix("sealed.").split(".")
    assert "=" not in SEALED
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {
        "alg": "ES256",
        "kid": "kbs:///default/sealing-key/jwk",
    }
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {
        "version": "0.1.0",
        "type": "vault",
        "name": "kbs:///default/kbsres1/key1",
        "provider": "kbs",
        "provider_settings": {},
        "annotations": {},
    }
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64


def test_the_text_never_changes():
    # As verified with another implementation of JWS (joserfc). A change would show in every preview.
    assert SEALED.endswith(
        ".hIMW4lF5RPqD9gW47vG9m4AXJQPzrQ51W52wIi9TU57sDgQFoNEq-B3u13z6kkQdJcFI5FZTq98AETs_cc5Orw"
    )


def test_signatures_follow_rfc_6979():
    # Its example signs "sample" with SHA-256: the signer in use must give the k of the RFC, and so its r and s.
    der = RFC_KEY.sign(b"sample", ec.ECDSA(SHA256(), deterministic_signing=True))
    assert decode_dss_signature(der) == (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    )


def test_the_public_key_holds_no_private_part():
    assert set(JWK) == {"kty", "crv", "alg", "use", "x", "y"}
    assert JWK["x"] == base64.urlsafe_b64encode(
        bytes.fromhex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6")
    ).decode().rstrip("=")


def test_a_key_comes_from_its_seed_alone():
    seed = hashlib.sha512(b"seed").digest()
    assert sealed_secrets.public_jwk(sealed_secrets.signing_key(seed)) == sealed_secrets.public_jwk(
        sealed_secrets.signing_key(seed)
    )
    with pytest.raises(SealedSecretError, match="40 random bytes or more, not 32"):
        sealed_secrets.signing_key(bytes(32))


@settings(deadline=None)
@given(data=st.data())
def test_no_altered_text_is_believed(data):
    at = data.draw(st.integers(0, len(SEALED) - 1))
    character = data.draw(st.sampled_from("AQz0-_.=é").filter(lambda c: c != SEALED[at]))
    with pytest.raises(SealedSecretError):
        sealed_secrets.unseal(SEALED[:at] + character + SEALED[at + 1 :], JWK)
    with pytest.raises(SealedSecretError):
        sealed_secrets.unseal(SEALED[:at], JWK)


def signed(header: object, payload: object) -> str:
    """A text with a valid signature over whatever it says."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, payload)
    ]
    r, s = decode_dss_signature(RFC_KEY.sign(".".join(parts).encode(), ec.ECDSA(SHA256())))
    raw = base64.urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).decode().rstrip("=")
    return f"sealed.{'.'.join(parts)}.{raw}"


GOOD_HEADER = {"alg": "ES256", "kid": SECRET.kid.uri}
GOOD_PAYLOAD = {
    "version": "0.1.0", "type": "vault", "name": SECRET.name.uri, "provider": "kbs", "provider_settings": {}, "annotations": {},
}  # fmt: skip


def test_the_hand_made_text_of_these_tests_is_a_good_one():
    assert sealed_secrets.unseal(signed(GOOD_HEADER, GOOD_PAYLOAD), JWK) == SECRET


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "JWS of three parts"),
        (SEALED.removeprefix("sealed."), "JWS of three parts"),
        ("sealed.fakejwsheader.e30.fakesignature", "header of the sealed secret is not base64url"),
        ("sealed.AAAA.e30.AAAA", "header of the sealed secret is not JSON"),
        ("sealed.#.e30.AAAA", "header of the sealed secret is not base64url"),
        ("sealed.e31.e30.AAAA", "not base64url as JWS writes it"),
        ("sealed.W10.e30.AAAA", "header of the sealed secret is no JSON object"),
        (signed({**GOOD_HEADER, "alg": "none"}, GOOD_PAYLOAD), "signed with 'none'"),
        (SEALED[: SEALED.rindex(".")] + ".AAAA", "has 3 bytes instead of 64"),
        (signed(GOOD_HEADER, {**GOOD_PAYLOAD, "version": "0.2.0"}), "not one of version 0.1.0"),
        (signed(GOOD_HEADER, {**GOOD_PAYLOAD, "type": "envelope"}), "not one of version 0.1.0"),
        (signed({"alg": "ES256"}, GOOD_PAYLOAD), "lacks its name, its kid"),
        (signed(GOOD_HEADER, {**GOOD_PAYLOAD, "name": 1}), "lacks its name, its kid"),
        (
            signed(GOOD_HEADER, {**GOOD_PAYLOAD, "name": str(SECRET.name)}),
            "default/kbsres1/key1 is no KBS resource",
        ),
        (signed(GOOD_HEADER, {**GOOD_PAYLOAD, "name": "kbs:///default/kbsres1"}), "is no KBS resource"),
        (signed({**GOOD_HEADER, "kid": "key.jwk"}, GOOD_PAYLOAD), "key.jwk is no KBS resource"),
    ],
    ids=count(),  # a signature is another one every time, and every process must know a test by the same name
)
def test_what_no_guest_would_unseal_is_refused_with_the_reason(text, sentence):
    with pytest.raises(SealedSecretError, match=sentence):
        sealed_secrets.unseal(text, JWK)


@pytest.mark.parametrize(
    ("jwk", "sentence"),
    [
        ({**JWK, "crv": "P-384"}, "no P-256 JWK"),
        ({**JWK, "y": JWK["x"]}, "not a point on P-256"),
        ({**JWK, "x": "!"}, "key's x"),
    ],
)
def test_a_key_that_cannot_verify_is_named(jwk, sentence):
    with pytest.raises(SealedSecretError, match=sentence):
        sealed_secrets.unseal(SEALED, jwk)


def test_another_curve_is_refused():
    with pytest.raises(SealedSecretError, match="P-256 key, not one on secp384r1"):
        sealed_secrets.seal(SECRET, ec.derive_private_key(1, ec.SECP384R1()))
