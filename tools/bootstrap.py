"""Set up `.venv` with nothing but Python ≥ 3.11: find uv or fetch it, then install what `uv.lock` says.

Usage: python3 tools/bootstrap.py [--group NAME]…

Only the standard library, also without pip, venv, ensurepip and git. uv is taken from the PATH, from an earlier run
(`.uv/uv`), through pip in a virtual environment, through pip itself, or as a wheel straight from the package index
(`PIP_INDEX_URL` or https://pypi.org/simple). Runs again in a moment when nothing has changed.
"""

import argparse
import hashlib
import html.parser
import io
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OWN = ROOT / ".uv"
STAMP = VENV / ".csdomain-setup.json"
#: What is fetched where uv is missing, and the oldest uv on the PATH that is trusted with the lock file.
UV_VERSION = "0.13.9"
UV_OLDEST = (0, 8)
NEEDED_PYTHON = (3, 11)
#: SHA-256 of that version's wheels for the usual machines: with these a machine without any certificates is safe too.
KNOWN_WHEELS = {
    "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",  # Linux, glibc, x86_64
    "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",  # Linux, musl, x86_64
    "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",  # Linux, aarch64
    "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",  # Linux, glibc 2.28, aarch64
    "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",  # macOS, x86_64
    "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",  # macOS, arm64
}


def say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


#: Where systems keep their certificates, for a Python that does not know (Debian without `openssl`).
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


# --- uv ---------------------------------------------------------------------------------------------------------------


def usable(uv: str | Path | None) -> Path | None:
    """``uv`` when it starts and is new enough."""
    if uv is None:
        return None
    try:
        answer = subprocess.run([str(uv), "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"uv (\d+)\.(\d+)", answer)
    return Path(uv) if found and (int(found[1]), int(found[2])) >= UV_OLDEST else None


def from_path() -> Path | None:
    return usable(shutil.which("uv"))


def from_earlier_run() -> Path | None:
    return usable(OWN / "uv")


def keep(binary: Path) -> Path | None:
    """Copy a fetched uv to its place; half a copy is never found there."""
    if not binary.is_file():
        return None
    fresh = OWN / f"uv.{os.getpid()}"
    shutil.copy2(binary, fresh)
    fresh.chmod(0o755)
    fresh.replace(OWN / "uv")
    return usable(OWN / "uv")


def from_pip_in_venv() -> Path | None:
    if not (importable("ensurepip") and importable("venv")):
        return None
    place = OWN / "venv"
    say("fetching uv with pip in a virtual environment")
    try:
        run([sys.executable, "-m", "venv", "--clear", str(place)])
        pip(str(place / "bin" / "python"))
        return keep(place / "bin" / "uv")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def from_pip() -> Path | None:
    if not importable("pip"):
        return None
    place = OWN / "pip"
    say("fetching uv with pip")
    try:
        pip(sys.executable, "--target", str(place))
        return keep(place / "bin" / "uv")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def pip(python: str, *extra: str) -> None:
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *extra, f"uv=={UV_VERSION}"])


def importable(module: str) -> bool:
    """Whether a child Python has ``module``: Debian ships `venv` without `ensurepip`, so only a try can tell."""
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


class Links(html.parser.HTMLParser):
    """The links of a package index page (PEP 503): file name to address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        if tag == "a" and address:
            self.found[Path(urllib.parse.urlsplit(address).path).name] = address


def wheel_tag() -> re.Pattern[str]:
    """What the name of a uv wheel for this machine ends with."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return re.compile(rf"macosx_[0-9_]+_{machine}\.whl$")
    if sys.platform == "win32":
        return re.compile(r"win_arm64\.whl$" if machine == "arm64" else r"win_amd64\.whl$")
    if machine == "x86_64" and sys.maxsize <= 2**32:
        machine = "i686"
    family = "musllinux" if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else "manylinux"
    return re.compile(rf"{family}[0-9_]*_{machine}(\.\w+)*\.whl$")


def from_index() -> Path | None:
    index = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page_address = f"{index.rstrip('/')}/uv/"
    say(f"fetching uv {UV_VERSION} from {urllib.parse.urlsplit(index).hostname}")
    fetch = Fetch()
    links = Links()
    links.feed(fetch(page_address).decode())
    fits = wheel_tag()
    name = next((n for n in links.found if n.startswith(f"uv-{UV_VERSION}-") and fits.search(n)), None)
    if name is None:
        raise RuntimeError(f"{page_address} has no uv {UV_VERSION} for {platform.machine()} ({fits.pattern})")
    address, _, promised = urllib.parse.urljoin(page_address, links.found[name]).partition("#")
    body = fetch(address)
    digest = hashlib.sha256(body).hexdigest()
    if digest not in KNOWN_WHEELS:
        if fetch.unverified:
            raise RuntimeError(f"{name} came without a certificate to trust, and its checksum is not a known one")
        if promised != f"sha256={digest}":
            raise RuntimeError(f"{name} does not have the checksum that the index gives")
    with zipfile.ZipFile(io.BytesIO(body)) as wheel:
        inside = next(n for n in wheel.namelist() if re.search(r"/scripts/uv(\.exe)?$", n))
        unpacked = OWN / "uv.unpacked"
        unpacked.write_bytes(wheel.read(inside))
    try:
        return keep(unpacked)
    finally:
        unpacked.unlink()


class Fetch:
    """Reads web addresses. Where the machine has no certificates it goes on without, and says so in ``unverified``."""

    def __init__(self) -> None:
        self.unverified = False
        self.context = ssl.create_default_context()
        if not self.context.cert_store_stats()["x509_ca"]:
            for bundle in filter(os.path.exists, BUNDLES):
                self.context.load_verify_locations(bundle)

    def __call__(self, address: str) -> bytes:
        self.unverified |= not address.startswith("https:")
        try:
            return self.read(address)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ssl.SSLCertVerificationError):
                raise
        say("no certificate to trust here; the download is checked by its known checksum instead")
        self.unverified = True
        self.context = ssl._create_unverified_context()  # noqa: S323, SLF001 - the checksum is what is trusted
        return self.read(address)

    def read(self, address: str) -> bytes:
        request = urllib.request.Request(address, headers={"Accept": "text/html, */*"})
        with urllib.request.urlopen(request, timeout=120, context=self.context) as answer:
            body: bytes = answer.read()
        return body


def find_uv() -> Path:
    """uv from the first way that works; ends the program with every reason when none does."""
    ways: list[Callable[[], Path | None]] = [from_path, from_earlier_run, from_pip_in_venv, from_pip, from_index]
    reasons = []
    for way in ways:
        if way is from_pip_in_venv:
            OWN.mkdir(exist_ok=True)
        try:
            uv = way()
        except (OSError, subprocess.SubprocessError, RuntimeError, StopIteration, zipfile.BadZipFile) as error:
            reasons.append(f"  {way.__name__}: {error}")
            continue
        if uv is not None:
            return uv
    raise SystemExit("setup: uv could not be had:\n" + "\n".join(reasons))


# --- the environment --------------------------------------------------------------------------------------------------


def wanted(groups: set[str]) -> dict[str, object]:
    """What the stamp says when everything is in place."""
    state = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml"):
        state.update((ROOT / name).read_bytes())
    return {"state": state.hexdigest(), "groups": sorted(groups), "root": str(ROOT)}


def stamped() -> dict[str, object]:
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and (VENV / "bin" / "python").exists() else {}


def sync(uv: Path, groups: set[str]) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    environment["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    environment["UV_PYTHON_DOWNLOADS"] = "never"  # the machine's own Python is the one that was asked for
    if any(map(os.path.exists, BUNDLES)):
        environment.setdefault("UV_SYSTEM_CERTS", "true")  # a company's own certificate is in the machine's store
    command = [str(uv), "sync", "--locked", "--python", base_python()]
    for group in sorted(groups):
        command += ["--group", group]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"setup: `{' '.join(command)}` failed ({done.returncode})")


def base_python() -> str:
    """The interpreter itself, also when this runs inside a virtual environment (perhaps the very one to make)."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return str(Path(sys.base_exec_prefix, "bin", name))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--group", action="append", default=[], help="a further dependency group")
    groups = set(options.parse_args().group)
    if sys.version_info < NEEDED_PYTHON:
        raise SystemExit(f"setup: Python ≥ 3.11 is needed; {sys.executable} is {platform.python_version()}")
    before = stamped()
    known = before.get("groups", [])
    groups |= set(known) if isinstance(known, list) else set()
    if before == wanted(groups):
        return
    say("installing what uv.lock says into .venv")
    sync(find_uv(), groups)
    STAMP.write_text(json.dumps(wanted(groups)), encoding="utf-8")


if __name__ == "__main__":
    main()
