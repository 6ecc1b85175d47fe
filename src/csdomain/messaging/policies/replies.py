"""What a reply asks for: to stop, to go on, or help (MSG-10)."""

import unicodedata
from collections.abc import Mapping
from enum import Enum, unique
from typing import Final


@unique
class ReplyAction(Enum):
    """What a short reply asks for; any other text is for people to read."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"


#: What gateways and their customers agree on everywhere.
_EVERYWHERE: Final[Mapping[str, ReplyAction]] = {
    **dict.fromkeys(
        ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "remove"), ReplyAction.OPT_OUT
    ),
    **dict.fromkeys(("退订", "退訂", "退订短信", "取消订阅"), ReplyAction.OPT_OUT),
    **dict.fromkeys(("start", "unstop", "yes", "订阅", "訂閱"), ReplyAction.OPT_IN),
    **dict.fromkeys(("help", "info", "帮助", "幫助"), ReplyAction.HELP),
}
#: Single letters that Chinese texts name as the reply that ends them.
_CHINESE: Final[Mapping[str, ReplyAction]] = dict.fromkeys(("t", "td", "n", "r"), ReplyAction.OPT_OUT)


def reply_action(text: str, *, chinese: bool = True, first_word: bool = False) -> ReplyAction | None:
    """What a reply asks for; None where it is no such word. [MSG-10]

    The whole text decides, or its first word where ``first_word`` is set. Case, width, and the blanks and punctuation
    around it do not matter. With ``chinese`` the letters T, TD, N and R end a subscription too.

    >>> reply_action("Ｔ"), reply_action("T恤"), reply_action(" Stop。")
    (<ReplyAction.OPT_OUT: 'opt_out'>, None, <ReplyAction.OPT_OUT: 'opt_out'>)
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = folded.split() if first_word else [folded]
    word = _bare(words[0]) if words else ""
    found = _EVERYWHERE.get(word)
    return _CHINESE.get(word) if found is None and chinese else found


def _bare(text: str) -> str:
    """A text without the blanks, punctuation, symbols and marks at its ends."""
    inner = [at for at, character in enumerate(text) if unicodedata.category(character)[0] in "LN"]
    return text[inner[0] : inner[-1] + 1] if inner else ""
