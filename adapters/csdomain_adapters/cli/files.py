"""Files that a command reads and writes: looked at before the work begins, written beside and put in place."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue, NotFound


class NoSuchFile(NotFound):
    """A file that a command is to read is not there, or is a folder."""

    problem = Text("There is no such file.", "没有这个文件。")


class FileTrouble(InvalidValue):
    """A file that cannot be read or written; ``why`` is what the system says."""

    default_rule = PORTS
    problem = Text("This file cannot be read or written.", "此文件无法读取或写入。")


def there(*paths: Path) -> None:
    """Refuse paths that are no file to read. Raises :class:`NoSuchFile`."""
    for path in paths:
        if not path.exists() or path.is_dir():
            raise NoSuchFile(file=path)


def trouble(error: OSError) -> FileTrouble:
    """What the system says of a file, as an error with a name."""
    found = error.filename if isinstance(error.filename, str) else "-"
    return FileTrouble(file=found, why=error.strerror or type(error).__name__)


def _writable(path: Path, inputs: Sequence[Path]) -> None:
    folder = Path(os.path.realpath(path)).parent
    if path.is_dir():
        raise FileTrouble(file=path, accepted=Text("a file, not a folder", "文件，而不是文件夹"))
    if not folder.is_dir():
        raise FileTrouble(file=path, accepted=Text("a file in a folder that is there", "已存在文件夹中的文件"))
    if any(path.exists() and other.exists() and path.samefile(other) for other in inputs):
        raise FileTrouble(file=path, accepted=Text("another file than those that are read", "与读取的文件不同的文件"))
    if not os.access(path if path.exists() else folder, os.W_OK) or not os.access(folder, os.W_OK):
        raise FileTrouble(file=path, accepted=Text("a file that may be written", "有写入权限的文件"))


@contextmanager
def written(*paths: Path | None, inputs: Sequence[Path] = ()) -> Iterator[tuple[Path, ...]]:
    """Where to make each of ``paths``: when all are made they are put in place, and none where anything fails.

    Raises :class:`FileTrouble` before anything is made, for a path that cannot be written, is one of ``inputs``, or is
    there twice. What stands for a path that is None is never asked for.
    """
    wanted = [path for path in paths if path is not None]
    for number, path in enumerate(wanted):
        _writable(path, inputs)
        if os.path.realpath(path) in map(os.path.realpath, wanted[:number]):
            raise FileTrouble(file=path, accepted=Text("a file of its own for each report", "每份报告各用一个文件"))
    if not wanted:
        yield tuple(Path() for _ in paths)
        return
    from csdomain_adapters.export import delivered  # a quarter of the time that most calls take

    with ExitStack() as stack:
        yield tuple(Path() if path is None else stack.enter_context(delivered(path)) for path in paths)
