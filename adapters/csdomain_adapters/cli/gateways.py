"""How messages leave that a command sends: by a notifier that is installed, or by the gateways of a file."""

import os
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Final

import attrs
import typer

from csdomain import desk as desks
from csdomain.desk import Desk
from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue, MissingBackend
from csdomain.kernel.store.ports import Notifier
from csdomain.rulebook import Rulebook

from .files import there

#: A directory that is installed: a function of the desk, whose answer says whom an id stands for.
DIRECTORIES: Final = "csdomain.directories"
GatewayFile = Annotated[
    Path | None,
    typer.Option("--gateways", envvar="CSDOMAIN_GATEWAYS", help="Send by the gateways of this TOML file."),
]
DirectoryName = Annotated[
    str | None,
    typer.Option(envvar="CSDOMAIN_DIRECTORY", help="With --gateways: the installed directory of whom to write to."),
]


class RoadUnclear(InvalidValue):
    """Options that do not say how messages leave: a notifier and gateways, or gateways without a directory."""

    default_rule = PORTS
    problem = Text("It is not clear how messages leave.", "发送方式不明确。")


def installed(group: str) -> list[str]:
    """The names of what is installed under an entry point."""
    return sorted(entry_points(group=group).names)


def chosen(group: str, name: str, *, also: Sequence[str] = ()) -> str:
    """The name of something installed. Raises MissingBackend."""
    known = [*also, *installed(group)]
    if name not in known:
        names = ", ".join(known)
        raise MissingBackend(group=group, name=name, accepted=Text(names, names))
    return name


def read(file: Path, book: Rulebook | None = None) -> Any:
    """The gateways of a file. Raises NoSuchFile, GatewaysInvalid."""
    from csdomain_adapters.gateways.settings import load

    there(file)
    return load(file, os.environ, book)


@attrs.frozen
class Road:
    """A way for messages, once a desk is open."""

    name: str | None
    chain: Any
    directory: str

    @classmethod
    def of(
        cls, notifier: str | None, file: Path | None, directory: str | None, book: Rulebook, *, also: Sequence[str] = ()
    ) -> "Road | None":
        """What the options say; None where they name nothing. Raises RoadUnclear, MissingBackend, GatewaysInvalid."""
        found = None if file is None else read(file, book)
        if notifier is not None:
            chosen(desks.NOTIFIERS, notifier, also=also)
        if found is None:
            return None if notifier is None else cls(notifier, None, "")
        if notifier is not None or directory is None:
            accepted = Text("--gateways FILE --directory NAME", "--gateways 文件 --directory 名称")
            raise RoadUnclear(accepted=accepted)
        return cls(None, found.chain, chosen(DIRECTORIES, directory))

    def notifier(self, desk: Desk) -> Notifier | str:
        """The notifier for a desk's relay."""
        if self.name is not None:
            return self.name
        found = next(iter(entry_points(group=DIRECTORIES, name=self.directory))).load()
        return desk.messages.notifier(self.chain, found(desk))
