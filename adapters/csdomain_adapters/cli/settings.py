"""What a call asks for besides its own arguments: the language of the answer, and whether a program reads it."""

from collections.abc import Mapping, Sequence
from enum import Enum, unique
from typing import Final

import attrs

from csdomain.kernel.rules import Language, Text

#: In the order in which POSIX asks them; the first that is set decides.
_ENVIRONMENT: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
_OPTIONS: Final = ("-l", "--language")


@unique
class Tongue(Enum):
    """Languages that the command speaks."""

    EN = "en"
    ZH = "zh"


@attrs.define
class Settings:
    """The settings of the present call; commands read them, :func:`read` sets them."""

    language: Language = "en"
    as_json: bool = False

    def read(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Take language and form from a call, wherever they stand on its line: errors of the call itself use them."""
        self.as_json = "--json" in arguments
        self.language = "zh" if (_given(arguments) or _usual(environment)).startswith("zh") else "en"


def _usual(environment: Mapping[str, str]) -> str:
    return next((found for name in _ENVIRONMENT if (found := environment.get(name))), "")


def _given(arguments: Sequence[str]) -> str:
    """The language that an option names, the last one where there are several."""
    found = ""
    for here, after in zip(arguments, [*arguments[1:], ""], strict=True):
        if here in _OPTIONS:
            found = after
        elif here.startswith("--language="):
            found = here.partition("=")[2]
        elif here.startswith("-l") and not here.startswith("--"):
            found = here[2:]
    return found


settings = Settings()


def say(en: str, zh: str) -> str:
    """The text in the language of the call."""
    return Text(en, zh)(settings.language)
