"""From evidence to a paravisor that a hub can accept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cryptography import x509

from model.attestation.platform_values import PlatformValues, SnpGeneration, SnpParavisor, TdxParavisor
from tools.platform_values import snp, tdx
from tools.platform_values.evidence import Evidence
from tools.platform_values.refused import EvidenceRefused


@dataclass(frozen=True, kw_only=True)
class Vendors:
    """`amd`: by generation the signing key and the root. `intel`: the SGX root CA. `fetch`: the answer of AMD's service at an address."""

    amd: Mapping[str, Sequence[x509.Certificate]]
    intel: x509.Certificate
    fetch: Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A paravisor of a `generation`. `tcb`: firmware of the host that showed it, for SNP."""

    generation: str
    paravisor: SnpParavisor | TdxParavisor
    tcb: Mapping[str, int] | None


def judge(
    evidence: Evidence, known: PlatformValues, vendors: Vendors, *, seen: date, now: datetime
) -> Finding:
    """What a paravisor vouches for in `evidence`, after all checks. `known`: the values so far, whose keys and versions count.

    Raises EvidenceRefused.
    """
    if evidence.tpm_quote is not None:
        evidence.hcl.check_quote(*evidence.tpm_quote)
    judged = _snp if evidence.hcl.kind == "snp" else _tdx
    return judged(evidence, known, vendors, seen, now)


def _snp(evidence: Evidence, known: PlatformValues, vendors: Vendors, seen: date, now: datetime) -> Finding:
    report = snp.read(evidence.hcl.report)
    vcek = evidence.vcek or snp.from_kds(report, vendors.fetch)
    generation = snp.check(report, vcek, chains=vendors.amd, id_key_digests=known.id_key_digests, now=now)
    evidence.hcl.check_bound(report.report_data)
    before = known.generations.get(generation)
    if isinstance(before, SnpGeneration):
        if report.guest_svn < before.minimum_guest_svn:
            raise EvidenceRefused(
                f"The paravisor has guest_svn {report.guest_svn}, and {generation} needs {before.minimum_guest_svn}: it is an old one, with"
                " faults that Microsoft has mended since."
            )
        if low := [name for name, least in before.tcb_minimum if report.tcb[name] < least]:
            raise EvidenceRefused(
                f"The firmware of this {generation} host is below its tcbMinimum: {', '.join(low)}."
            )
    return Finding(
        generation=generation,
        paravisor=SnpParavisor(
            measurement=report.measurement_text,
            guest_svn=report.guest_svn,
            id_key_digest=report.id_key_digest.hex(),
            seen=seen,
            source=evidence.source,
        ),
        tcb=report.tcb,
    )


def _tdx(evidence: Evidence, known: PlatformValues, vendors: Vendors, seen: date, now: datetime) -> Finding:
    del known
    if evidence.td_quote is None:
        raise EvidenceRefused(f"{evidence.source} is of a TDX guest and holds no quote.")
    quote = tdx.read(evidence.td_quote)
    generation = tdx.check(quote, root=vendors.intel, now=now)
    evidence.hcl.check_bound(quote.report_data)
    return Finding(
        generation=generation,
        paravisor=TdxParavisor(mr_td=quote.mr_td.hex(), seen=seen, source=evidence.source),
        tcb=None,
    )
