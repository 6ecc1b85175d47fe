"""The command ``csdomain``: answers for people, and with ``--json`` for programs."""

import sys


def main() -> None:
    """Entry point of the command. Says what to install where the extra ``cli`` is missing."""
    try:
        from .app import run
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        print("The command needs the extra 'cli': pip install 'csdomain[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    raise SystemExit(run())
