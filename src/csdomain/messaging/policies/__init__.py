"""Decisions of messaging as pure functions over values."""

from collections.abc import Callable
from typing import Final

from .links import Unsubscription as Unsubscription
from .links import check_key as check_key
from .links import token as token
from .links import unsubscription as unsubscription
from .quiet import QuietHours as QuietHours
from .replies import ReplyAction as ReplyAction
from .replies import reply_action as reply_action
from .segments import Encoding as Encoding
from .segments import Segments as Segments
from .segments import segments as segments
from .segments import truncate as truncate
from .standings import refusal as refusal
from .texts import Choice as Choice
from .texts import Reason as Reason
from .texts import choose as choose
from .texts import read as read
from .texts import render as render
from .texts import shown as shown

#: What is decided by a policy, for the reference.
POLICIES: Final[tuple[Callable[..., object], ...]] = (
    *(choose, read, render, segments, truncate, reply_action),
    *(refusal, token, unsubscription),
)
