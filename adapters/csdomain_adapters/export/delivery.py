"""Hands over a file that is complete: whoever asked for it never sees a part of it (RPT-04)."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

#: A path, or a binary stream that is written to and left open.
Target = str | os.PathLike[str] | IO[bytes]


@contextmanager
def delivered(target: Target | IO[str]) -> Iterator[Path]:
    """The path of a file to make, in a folder that only this user may enter; at the end it goes to ``target``.

    A file of that name is replaced at once, keeping its permissions; a new one is its owner's alone. Nothing reaches
    ``target`` where making the file fails. A text stream is given the text of the file. Raises ``OSError``.
    """
    with tempfile.TemporaryDirectory(prefix="csdomain-export-") as folder:
        made = Path(folder) / "made"
        yield made
        if isinstance(target, str | os.PathLike):
            _to_path(made, Path(os.path.realpath(target)))
        elif hasattr(target, "encoding"):  # a text stream, also one that a wrapper hides
            with made.open(encoding="utf-8", newline="") as text:
                shutil.copyfileobj(text, cast("IO[str]", target))
        else:
            _to_stream(made, cast("IO[bytes]", target))


def _to_stream(made: Path, stream: IO[bytes]) -> None:
    with made.open("rb") as source:
        shutil.copyfileobj(source, stream)


def _to_path(made: Path, path: Path) -> None:
    if path.exists() and not path.is_file():  # a device or a pipe takes the file; to rename would put it in their place
        with path.open("wb") as device:
            _to_stream(made, device)
        return
    number, beside = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with open(number, "wb") as file:
            _to_stream(made, file)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(path, beside)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
