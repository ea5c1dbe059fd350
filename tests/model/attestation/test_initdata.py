import base64
import contextlib
import gzip
import hashlib
import tomllib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.attestation import initdata
from model.attestation.image_pull import ImagePull
from model.attestation.initdata import InitdataError
from model.paths import served
from tests.certificates import certificate, private_key

CA = certificate()
URL = "https://kbs.apps.dev-hub.example.com"
POLICY = "package agent_policy\n\ndefault ExecProcessRequest := false\n"

any_text = st.text(min_size=1, max_size=200).filter(str.strip)
rego_like = st.from_regex(r"[ -~\t\n'\\]{1,200}", fullmatch=True).filter(str.strip)


def rendered(**changes) -> initdata.Initdata:
    return initdata.render(**{"kbs_url": URL, "kbs_ca": CA, "agent_policy": POLICY, **changes})


@settings(deadline=None)
@given(policy=any_text | rego_like, algorithm=st.sampled_from(initdata.ALGORITHMS))
def test_decoding_gives_back_exactly_what_was_rendered(policy, algorithm):
    made = rendered(
        agent_policy=policy,
        algorithm=algorithm,
        image_pull=ImagePull(image_policy=served("image-policy", "reject")),
    )
    assert initdata.decode(made.encoded) == made
    documents = initdata.documents(made.toml)
    assert documents.policy == policy
    assert (documents.kbs_url, documents.kbs_ca) == (URL, CA)
    assert documents.image_pull.image_policy == served("image-policy", "reject")


@settings(deadline=None)
@given(policy=rego_like)
def test_the_same_input_gives_the_same_bytes(policy):
    assert rendered(agent_policy=policy) == rendered(agent_policy=policy)


def test_a_guest_reads_what_the_specification_names():
    made = rendered(image_pull=ImagePull(image_policy=served("image-policy", "signed")))
    outer = tomllib.loads(made.toml)
    assert (outer["algorithm"], outer["version"]) == ("sha256", "0.1.0")
    assert set(outer["data"]) == {"aa.toml", "cdh.toml", "policy.rego"}
    aa, cdh = tomllib.loads(outer["data"]["aa.toml"]), tomllib.loads(outer["data"]["cdh.toml"])
    assert aa == {"token_configs": {"coco_as": {"url": URL}, "kbs": {"url": URL, "cert": CA}}}
    assert cdh == {
        "socket": "unix:///run/confidential-containers/cdh.sock",
        "credentials": [],
        "kbc": {"name": "cc_kbc", "url": URL, "kbs_cert": CA},
        "image": {"image_security_policy_uri": "kbs:///default/image-policy/signed"},
    }


def test_the_document_is_what_reviewers_saw(snapshot):
    # Any other byte is another PCR8: every running pod would have to roll.
    made = rendered(image_pull=ImagePull(image_policy=served("image-policy", "signed")))
    assert f"{made.toml}\ndigest {made.digest}\nPCR8 {made.pcr8}" == snapshot


def test_no_image_policy_leaves_no_trace_of_one():
    made = rendered()
    assert "image" not in made.toml
    assert initdata.documents(made.toml).image_pull.image_policy is None


def test_a_person_can_read_the_policy_in_the_document():
    assert f"'''\n{POLICY}'''" in rendered().toml


@pytest.mark.parametrize("algorithm", initdata.ALGORITHMS)
def test_pcr8_is_the_register_after_one_extension_with_32_bytes(algorithm):
    made = rendered(algorithm=algorithm)
    digest = hashlib.new(algorithm, made.toml.encode()).digest()
    assert made.digest == digest.hex()
    assert made.pcr8 == hashlib.sha256(b"\0" * 32 + digest[:32]).hexdigest()


def test_pcr8_is_that_of_the_documented_shell_command():
    # echo -n "$(printf %064d 0)$(sha256sum < file | cut -c1-64)" | xxd -r -p | sha256sum, for an empty file
    assert initdata.pcr8(hashlib.sha256(b"").digest()) == (
        "1c9ecec90e28d2461650418635878a5c91e49f47586ecf75f2b0cbb94e897112"
    )


def test_any_gunzip_reads_it_and_its_header_says_nothing_about_this_machine():
    packed = base64.b64decode(rendered().encoded)
    assert gzip.decompress(packed).decode() == rendered().toml
    assert packed[:10] == bytes.fromhex("1f8b08000000000002ff")


def test_other_peoples_gzip_decodes_to_the_same_measurement():
    made = rendered()
    theirs = base64.b64encode(gzip.compress(made.toml.encode(), compresslevel=1, mtime=0)).decode()
    assert initdata.decode(theirs).pcr8 == made.pcr8


@pytest.mark.parametrize(
    "policy",
    [
        "a := '''x'''\n",
        "a := 'x'",
        "\n\nfirst lines are empty",
        "a\r\nb\rc",
        "a\x7fb\x1bc",
        'a := "\\n"',
        "é 🔒",
    ],
)
def test_a_policy_of_any_characters_reads_back_as_it_was(policy):
    assert initdata.documents(rendered(agent_policy=policy).toml).policy == policy


def test_what_is_compressed_but_not_by_gzip_is_refused_as_the_guest_refuses_it():
    packed = base64.b64encode(zlib.compress(rendered().toml.encode())).decode()
    with pytest.raises(InitdataError):
        initdata.decode(packed)


def test_what_was_cut_is_told_from_what_is_damaged():
    cut = base64.b64encode(base64.b64decode(rendered().encoded)[:-40]).decode()
    with pytest.raises(InitdataError, match=r"^The encoded initdata ends too early: it was cut\.$"):
        initdata.decode(cut)


@settings(deadline=None)
@given(data=st.data())
def test_no_cut_or_altered_document_decodes_to_another_identity(data):
    made = rendered()
    at = data.draw(st.integers(0, len(made.encoded) - 1))
    altered = data.draw(
        st.sampled_from(
            [made.encoded[:at], made.encoded[:at] + "A" + made.encoded[at + 1 :], made.encoded + "QUJD"]
        )
    )
    with contextlib.suppress(InitdataError):
        assert initdata.decode(altered).toml == made.toml


def packed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode()


def toml(**changes: str) -> str:
    """The rendered document with a line replaced."""
    text = rendered().toml
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("encoded", "sentence"),
    [
        ("???", "not base64"),
        ("é", "not base64"),
        (base64.b64encode(b"plain text").decode(), "not gzip"),
        (base64.b64encode(gzip.compress(b"x" * 999, mtime=0)[:-4]).decode(), "ends too early"),
        (base64.b64encode(gzip.compress(b"x", mtime=0) + b"more").decode(), "4 foreign bytes"),
        (packed(b"\0" * 2_000_000), "more than 1048576 bytes"),
        (packed(b"\xff\xfe"), "not UTF-8"),
        (packed(b"[data"), "initdata is not TOML"),
        (packed(b'algorithm = "sha256"\n'), "has version None"),
        (packed(b'version = "0.1.0"\nalgorithm = "md5"\n'), "algorithm 'md5'"),
        (packed(b'version = "0.1.0"\nalgorithm = "sha256"\n'), "no text 'aa.toml'"),
        (packed(b'version = "0.1.0"\nalgorithm = "sha256"\ndata = {"aa.toml" = 1}\n'), "no text 'aa.toml'"),
        (packed(toml(**{'"policy.rego"': '"policy"'}).encode()), "no text 'policy.rego'"),
    ],
)
def test_what_is_not_a_whole_initdata_is_refused_with_the_reason(encoded, sentence):
    with pytest.raises(InitdataError, match=sentence):
        initdata.decode(encoded)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"[token_configs.kbs]": "[token_configs.other]"},
            "aa.toml of the initdata has no text at token_configs.kbs.url",
        ),
        ({"[kbc]": "[other]"}, "cdh.toml of the initdata has no text at kbc.url"),
        ({"kbs_cert": "kbs_certificate"}, "no text at kbc.kbs_cert"),
        ({"[kbc]": "[kbc"}, "cdh.toml is not TOML"),
        (
            {f'name = "cc_kbc"\nurl = "{URL}"': 'name = "cc_kbc"\nurl = "https://evil.example"'},
            "different KBS addresses",
        ),
    ],
)
def test_inner_documents_without_what_the_guest_needs_are_refused(changes, sentence):
    with pytest.raises(InitdataError, match=sentence):
        initdata.documents(toml(**changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kbs_url": ""}, "The KBS URL ''"),
        ({"kbs_url": "http://kbs.example"}, "not https"),
        ({"kbs_url": "https://"}, "not https"),
        ({"kbs_url": "https://kbs.example/"}, "nothing more"),
        ({"kbs_url": "https://user@kbs.example"}, "nothing more"),
        ({"kbs_url": "https://kbs.example:0"}, "nothing more"),
        ({"kbs_url": "https://kbs.example:99999"}, "nothing more"),
        ({"kbs_url": 'https://kbs.example"\nx = "'}, "nothing more"),
        ({"kbs_ca": ""}, "holds 0 PEM blocks"),
        ({"kbs_ca": "no certificate"}, "holds 0 PEM blocks"),
        ({"kbs_ca": CA + CA}, "holds 2 PEM blocks"),
        ({"kbs_ca": CA + private_key()}, "holds 2 PEM blocks"),
        ({"kbs_ca": private_key()}, "no PEM certificate"),
        ({"kbs_ca": CA.replace("MII", "MIJ")}, "no PEM certificate"),
        ({"kbs_ca": CA + "é"}, "no PEM certificate"),
        ({"kbs_ca": certificate("leaf", ca=False)}, "'CN=leaf' is not a CA"),
        ({"kbs_ca": certificate("old", ca=None)}, "'CN=old' is not a CA"),
        ({"agent_policy": " \n"}, "needs an agent policy"),
        ({"agent_policy": "\ud800"}, "half a surrogate pair"),
        ({"algorithm": "md5"}, "algorithm 'md5'"),
    ],
)
def test_what_no_guest_could_use_is_not_rendered(changes, sentence):
    with pytest.raises(InitdataError, match=sentence):
        rendered(**changes)


def test_a_document_that_does_not_read_back_never_leaves(monkeypatch):
    monkeypatch.setattr(initdata, "_literal", lambda text: f"'''{text}'''")  # TOML drops a leading newline
    with pytest.raises(InitdataError, match="does not read back"):
        rendered(agent_policy=f"\n{POLICY}")


def test_a_document_that_azure_would_cut_is_refused():
    noise = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(2000))
    with pytest.raises(InitdataError, match=r"64 KB of userData take 49152: shorten the agent policy"):
        rendered(agent_policy=noise)


def test_the_ca_is_written_the_same_however_it_was_wrapped():
    untidy = "subject=KBS CA\n" + CA.replace("\n", "\r\n") + "\n\n"
    assert rendered(kbs_ca=untidy) == rendered()
