"""Setting up from nothing: uv is fetched from an index with checksums, and a second run does nothing."""

import hashlib
import http.server
import importlib.util
import io
import platform
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
FAKE_UV = b"#!/bin/sh\necho 'uv 0.13.9 (fake)'\n"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, working in a folder of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in {"ROOT": "", "VENV": ".venv", "OWN": ".uv", "STAMP": ".venv/.csdomain-setup.json"}.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    (tmp_path / ".uv").mkdir()
    (tmp_path / "uv.lock").write_text("lock")
    (tmp_path / "pyproject.toml").write_text("project")
    return module


def fake_wheel() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as wheel:
        wheel.writestr("uv-0.13.9.data/scripts/uv", FAKE_UV)
        wheel.writestr("uv-0.13.9.data/scripts/uvx", b"another")
    return body.getvalue()


def wheel_name(machine: str) -> str:
    if sys.platform == "darwin":
        return f"uv-0.13.9-py3-none-macosx_11_0_{machine}.whl"
    return f"uv-0.13.9-py3-none-manylinux_2_17_{machine}.manylinux2014_{machine}.whl"


Index = Callable[[bytes, str], None]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A package index on this machine that serves one wheel under a promised checksum."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    def serve(wheel: bytes, promised: str) -> None:
        name = wheel_name(platform.machine().lower())
        older = name.replace("0.13.9", "0.1.0")
        files["/files/" + name] = wheel
        links = f'<a href="../../files/{older}">{older}</a><a href="../../files/{name}#sha256={promised}">{name}</a>'
        files["/simple/uv/"] = f"<html><body>{links}</body></html>".encode()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield serve
        server.shutdown()


def test_uv_comes_from_an_index(bootstrap: ModuleType, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = fake_wheel()
    digest = hashlib.sha256(wheel).hexdigest()
    index(wheel, digest)
    monkeypatch.setattr(bootstrap, "KNOWN_WHEELS", {digest})
    uv = bootstrap.from_index()
    assert uv == bootstrap.OWN / "uv"
    assert uv.read_bytes() == FAKE_UV
    assert bootstrap.from_earlier_run() == uv
    assert sorted(path.name for path in bootstrap.OWN.iterdir()) == ["uv"]


def test_an_unknown_wheel_without_a_certificate_is_refused(bootstrap: ModuleType, index: Index) -> None:
    wheel = fake_wheel()
    index(wheel, hashlib.sha256(wheel).hexdigest())
    with pytest.raises(RuntimeError, match="not a known one"):
        bootstrap.from_index()
    assert bootstrap.from_earlier_run() is None


def test_a_wrong_checksum_is_refused(bootstrap: ModuleType, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index(fake_wheel(), "0" * 64)
    # As if over HTTPS with a certificate: then the index's own checksum counts.
    fetch = bootstrap.Fetch.__call__

    def verified(self: object, address: str) -> bytes:
        body: bytes = fetch(self, address)
        self.unverified = False  # type: ignore[attr-defined] # the class is loaded by path
        return body

    monkeypatch.setattr(bootstrap.Fetch, "__call__", verified)
    with pytest.raises(RuntimeError, match="the checksum that the index gives"):
        bootstrap.from_index()


def test_every_reason_is_told_when_uv_cannot_be_had(
    bootstrap: ModuleType, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    monkeypatch.setattr(bootstrap, "importable", lambda _: False)
    with pytest.raises(SystemExit, match=r"uv could not be had:\n  from_index: .*404"):
        bootstrap.find_uv()


@pytest.mark.parametrize(
    ("answer", "fine"), [("uv 0.13.9", True), ("uv 0.8.0 (x)", True), ("uv 0.7.22", False), ("bash: no", False)]
)
def test_an_old_uv_is_not_trusted(bootstrap: ModuleType, tmp_path: Path, answer: str, fine: bool) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\necho '{answer}'\n")
    uv.chmod(0o755)
    assert (bootstrap.usable(uv) == uv) is fine


@pytest.mark.parametrize(
    ("platform_", "machine", "host", "wheel"),
    [
        ("linux", "x86_64", "x86_64-pc-linux-gnu", "manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        ("linux", "aarch64", "aarch64-linux-gnu", "manylinux_2_28_aarch64.whl"),
        ("linux", "aarch64", "aarch64-linux-musl", "manylinux_2_17_aarch64.musllinux_1_1_aarch64.whl"),
        ("linux", "x86_64", "x86_64-alpine-linux-musl", "musllinux_1_1_x86_64.whl"),
        ("darwin", "arm64", "", "macosx_11_0_arm64.whl"),
    ],
)
def test_the_wheel_fits_the_machine(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, platform_: str, machine: str, host: str, wheel: str
) -> None:
    monkeypatch.setattr(bootstrap.sys, "platform", platform_)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: machine)
    monkeypatch.setattr(bootstrap.sysconfig, "get_config_var", lambda _: host)
    fits = bootstrap.wheel_tag()
    assert fits.search(f"uv-0.13.9-py3-none-{wheel}")
    assert not fits.search("uv-0.13.9-py3-none-win32.whl")
    assert not fits.search("uv-0.13.9-py3-none-manylinux_2_17_s390x.manylinux2014_s390x.whl")


def test_nothing_is_done_when_nothing_changed(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    synced: list[set[str]] = []

    def sync(_uv: Path, groups: set[str]) -> None:
        synced.append(set(groups))
        (tmp_path / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv" / "bin" / "python").touch()

    monkeypatch.setattr(bootstrap, "sync", sync)
    monkeypatch.setattr(bootstrap, "find_uv", lambda: Path("uv"))

    def run(*arguments: str) -> None:
        monkeypatch.setattr(bootstrap.sys, "argv", ["bootstrap.py", *arguments])
        bootstrap.main()

    run("--group", "docs")
    run("--group", "docs")
    run()
    assert synced == [{"docs"}]
    run("--group", "bench")  # what is there stays
    run("--group", "docs")
    assert synced == [{"docs"}, {"bench", "docs"}]
    (tmp_path / "uv.lock").write_text("another")
    run()
    assert synced[2:] == [{"bench", "docs"}]
    (tmp_path / ".venv" / "bin" / "python").unlink()
    run()
    assert synced[3:] == [set()]  # a broken environment remembers nothing
