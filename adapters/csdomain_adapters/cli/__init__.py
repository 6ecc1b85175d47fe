"""The command ``csdomain``: answers for people, and with ``--json`` for programs."""

import os
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
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    code = run()
    try:
        sys.stdout.flush()
    except OSError:
        # Nobody reads, or the disk is full: Python would say so once more at its end, with a code of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(code)
