"""An adapter of one's own: a notifier that spools to a folder, proven with the contract that csdomain ships."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from csdomain.kernel.store.ports import DeliveryFailed, Queued
from csdomain.testing import NotifierContract, accepted, memory_desk


class Spool:
    """A file a message, named by its key: what comes again is the same file."""

    idempotent = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Queued, /) -> None:
        try:
            (self.folder / message.key.encode().hex()).write_text(f"{message.occasion} {message.to}")
        except OSError as error:
            raise DeliveryFailed(definite=False, why=type(error).__name__) from None


class TestSpool(NotifierContract):
    """The proof: three fixtures; the tests come from the contract."""

    @pytest.fixture
    def notifier(self, tmp_path: Path) -> Spool:
        return Spool(tmp_path)

    @pytest.fixture
    def delivered(self, tmp_path: Path) -> Callable[[], Mapping[str, int]]:
        return lambda: {bytes.fromhex(path.name).decode(): 1 for path in tmp_path.iterdir()}

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Spool:
        return Spool(tmp_path / "missing")


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp())
    with memory_desk() as desk:
        accepted(desk)
        print(desk.relay(Spool(folder)))
    for file in folder.iterdir():
        print("spooled ", bytes.fromhex(file.name).decode(), "->", file.read_text())
    print("proving it with the contract:", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), __file__]
    proof = subprocess.run(command, check=False)  # noqa: S603 - this very file
    assert proof.returncode == pytest.ExitCode.OK, "the contract found something"
