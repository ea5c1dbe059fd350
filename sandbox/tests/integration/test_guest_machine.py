"""A guest of the sandbox can do nothing to the machine that it runs on, and leaves nothing behind. No program of a real guest is needed."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sandbox.guest.real import cgroups, confinement, machine
from sandbox.guest.real.elf import pause
from sandbox.guest.real.machine import GuestFailed, Machine, Target
from sandbox.guest.real.plan import Program

BUSYBOX = shutil.which("busybox")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        bool(machine.unavailable()) or not BUSYBOX,
        reason=machine.unavailable() or "the program busybox is not on PATH",
    ),
]
WEB = Program(
    name="web",
    command=("/usr/local/bin/busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/etc"),
    in_pod=True,
)


def running(*programs: Program, targets: tuple[Target, ...] = ()) -> AbstractContextManager[Machine]:
    assert BUSYBOX
    return machine.running(
        hostname="podvm",
        programs=programs,
        binaries={"/usr/local/bin/busybox": Path(BUSYBOX)},
        files={"/etc/given": "of the test"},
        executables={},
        targets=targets,
    )


def shell(script: str, *, in_pod: bool = False) -> Program:
    """It says `end` when it is done, and waits."""
    return Program(
        name="shell",
        command=(
            "/usr/local/bin/busybox",
            "sh",
            "-c",
            f'busybox() {{ /usr/local/bin/busybox "$@"; }}\n{script}\necho end; exec /usr/local/bin/busybox sleep 1000',
        ),
        in_pod=in_pod,
    )


def said(script: str, *, in_pod: bool = False) -> str:
    with running(shell(script, in_pod=in_pod)) as guest:
        return awaited(guest)


def awaited(guest: Machine) -> str:
    deadline = time.monotonic() + 30
    while not (text := guest.log("shell")).endswith("end\n"):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    return text.removesuffix("end\n")


def left_behind(maker: int | None = None) -> list[str]:
    """Of the guests of one process, by default this one: tests beside this one have guests too."""
    mark = f"coco-guest-{maker or os.getpid()}-"
    directories = [str(one) for one in cgroups.ROOT.glob(f"*/{mark}*")]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if mark in line]
    return [*directories, *mounts, *map(str, Path("/tmp").glob(f"{mark}*"))]  # noqa: S108


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = set(left_behind())
    yield
    assert set(left_behind()) <= before


def test_it_has_no_capability_for_clock_modules_reboot_or_handles() -> None:
    status = dict(line.split(":\t", 1) for line in said("busybox cat /proc/self/status").splitlines())
    allowed = sum(1 << number for number in confinement.KEPT.values())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) & ~allowed == 0, name
    # dac_read_search, sys_module, sys_rawio, sys_boot, sys_time
    assert {2, 16, 17, 22, 25}.isdisjoint(confinement.KEPT.values())


@pytest.mark.parametrize(
    ("script", "refusal"),
    [
        ("busybox date -s 2001-01-01", "can't set date: Operation not permitted|cannot set date"),
        ("busybox hwclock -w", "can't open|No such file"),
        (
            "busybox mknod /dev/disk b 254 0 && busybox dd if=/dev/disk of=/dev/null count=1",
            "Operation not permitted",
        ),
        (
            "busybox mknod /dev/mem c 1 1 && busybox dd if=/dev/mem of=/dev/null count=1",
            "Operation not permitted",
        ),
        ("echo x > /proc/sys/kernel/core_pattern", "Read-only file system"),
        ("echo h > /proc/sysrq-trigger", "Read-only file system|nonexistent|No such file"),
        ("echo 1 > /usr/x", "Read-only file system"),
        ("echo 1 > /sys/kernel/mm/ksm/run", "Read-only file system|nonexistent|No such file"),
        ("busybox reboot -f", "Operation not permitted"),
    ],
)
def test_it_cannot_change_the_host(script: str, refusal: str) -> None:
    words = said(script)
    assert any(part in words for part in refusal.split("|")), words


def test_it_sees_nothing_of_the_host_but_programs() -> None:
    home, project = os.path.expanduser("~"), str(Path(__file__).resolve().parents[3])
    words = said(
        f"busybox ls -d {home} {project} /home /root /work 2>/dev/null; busybox ls /etc /var /tmp; busybox ps -o pid"
        "; busybox cat /proc/net/dev"
    )
    assert home not in words
    assert project not in words
    assert words.split("PID")[0].split() == [
        "/etc:",
        "given",
        "hosts",
        "ld.so.cache",
        "nsswitch.conf",
        "/tmp:",  # noqa: S108
        "/var:",
    ]
    processes, _, network = words.partition("PID")[2].partition("Inter-")
    assert max(map(int, processes.split())) < 50
    assert [line.split(":")[0].strip() for line in network.splitlines()[2:]] == ["lo"]


def test_its_memory_is_bounded_files_in_memory_included() -> None:
    with running(shell("busybox dd if=/dev/zero of=/run/big bs=1M count=4000")) as guest:
        deadline = time.monotonic() + 60
        while guest.alive() and time.monotonic() < deadline and "end" not in guest.log("shell"):
            time.sleep(0.1)
        used = cgroups.ROOT / "memory" / guest.name / "memory.max_usage_in_bytes"
        assert int(used.read_text()) <= machine.MEMORY


def test_a_process_that_is_not_bound_must_not_be_a_guest() -> None:
    host = os.stat("/proc/self/ns/net").st_ino
    found = " ".join(confinement.problems(host, 1))
    for expected in (
        "CapBnd has capabilities",
        "in the network of the host",
        "sees the processes of the host",
        "bytes of memory",
        "may use devices of the host",
    ):
        assert expected in found


def test_a_guest_that_finds_itself_unbound_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    made = cgroups.make

    def with_devices(name: str, memory: int) -> list[Path]:
        directories = made(name, memory)
        (cgroups.ROOT / "devices" / name / "devices.allow").write_text("b *:* r")
        return directories

    monkeypatch.setattr(cgroups, "make", with_devices)
    with (
        pytest.raises(GuestFailed, match=r"it is not bound: it may use devices of the host: b \*:\* r"),
        running(WEB),
    ):
        raise AssertionError("it started")


def test_its_ways_out_are_those_that_it_was_given() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = Target(name="named.example", port=8443, to=server.server_address[1])
    script = (
        "busybox nc named.example 8443 </dev/null && echo reached\n"
        f"busybox nc -w 2 127.0.0.1 {server.server_address[1]} </dev/null || echo refused"
    )
    try:
        with running(shell(script), targets=(target,)) as guest:
            words = awaited(guest)
    finally:
        server.shutdown()
        server.server_close()
    assert words.splitlines()[0] == "reached"
    assert words.splitlines()[-1] == "refused"


def test_what_the_pod_serves_answers_on_the_host_and_two_guests_do_not_meet() -> None:
    with running(WEB) as first, running(WEB) as second:
        with first.reachable(8080) as one, second.reachable(8080) as other:
            assert {fetched(one), fetched(other)} == {"of the test"}
            second.process.kill()
            second.process.wait()
            assert fetched(one) == "of the test"
            with pytest.raises((OSError, urllib.error.URLError)):
                fetched(other)
        assert not second.alive()


def fetched(port: int) -> str:
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/given", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_ends_with_its_programs() -> None:
    short = Program(name="short", command=("/usr/local/bin/busybox", "sleep", "1"))
    with running(WEB, short) as guest:
        assert guest.process.wait(20) == 0
        assert guest.process.stdout
        assert guest.process.stdout.read() == "ended: short\n"


def test_it_ends_with_the_host_s_process_however_that_ends() -> None:
    """As after `kill -9` of the sandbox: the pipe ends."""
    with running(WEB) as guest:
        processes = cgroups.processes(guest.name)
        assert len(processes) > 2
        assert guest.process.stdin
        guest.process.stdin.close()
        guest.process.wait(20)
        deadline = time.monotonic() + 10
        while cgroups.processes(guest.name):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_what_a_killed_host_left_is_gone_with_the_next_guest() -> None:
    program = """
import os, signal
from sandbox.tests.integration.test_guest_machine import WEB, running
with running(WEB) as guest:
    print(guest.name, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    maker = int(killed.stdout.split("-")[2])
    assert left_behind(maker), "nothing was left, so this test shows nothing"
    with running(WEB):
        assert left_behind(maker) == []


def test_a_program_that_does_not_serve_says_why() -> None:
    wrong = Program(
        name="agent",
        command=("/usr/local/bin/busybox", "sh", "-c", "echo no such policy >&2; exit 3"),
        awaits="/run/agent.sock",
    )
    with (
        pytest.raises(GuestFailed, match=r"agent ended before it served(?s:.*)no such policy"),
        running(wrong),
    ):
        raise AssertionError("it started")


def test_the_first_container_s_program_waits_and_needs_no_library(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(pause())
    program.chmod(0o755)
    process = os.posix_spawn(program, ["pause"], {})
    try:
        time.sleep(0.2)
        assert os.waitpid(process, os.WNOHANG) == (0, 0)
        loaded = Path(f"/proc/{process}/maps").read_text()
        assert ".so" not in loaded
    finally:
        os.kill(process, signal.SIGTERM)
        assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGTERM
    assert socket.gethostname() != "podvm"
