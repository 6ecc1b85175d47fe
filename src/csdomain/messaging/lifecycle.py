"""The moves of contact preferences (MSG-10), of campaigns (MSG-08), and of what is typed for a message (MSG-13)."""

from enum import Enum, unique
from typing import Final

from csdomain.kernel.cases.lifecycle import Lifecycle, Row, steps

from . import rules as r


@unique
class PreferencesState(Enum):
    """Preferences are kept as long as the customer is."""

    KEPT = "kept"


@unique
class PreferencesMove(Enum):
    """What can be done with preferences."""

    OPEN = "open"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    CONSENT = "consent"
    WISH = "wish"
    FORBID_CALLS = "forbid_calls"


_KEPT: Final = PreferencesState.KEPT
_WRITE: Final = "preferences_write"
PREFERENCES_MOVES: Final = Lifecycle(
    "contact_preferences",
    PreferencesState,
    _KEPT,
    steps(
        "messages",
        *(
            Row(move, None if move is PreferencesMove.OPEN else _KEPT, _KEPT, r.OPT_OUT, may=_WRITE)
            for move in PreferencesMove
        ),
    ),
    ended=(_KEPT,),
)


@unique
class CampaignState(Enum):
    """Where a campaign stands."""

    DRAFTED = "drafted"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


@unique
class CampaignMove(Enum):
    """What can be done with a campaign."""

    DRAFT = "draft"
    START = "start"
    FINISH = "finish"
    STOP = "stop"


_S, _M = CampaignState, CampaignMove
CAMPAIGN_MOVES: Final = Lifecycle(
    "campaign",
    CampaignState,
    _S.DRAFTED,
    steps(
        "messages",
        Row(_M.DRAFT, None, _S.DRAFTED, r.MARKETING, may="campaign_draft"),
        Row(_M.START, _S.DRAFTED, _S.RUNNING, r.MARKETING, may="campaign_start"),
        Row(_M.FINISH, _S.RUNNING, _S.DONE, r.MARKETING, may="campaign_start"),
        Row(_M.STOP, (_S.DRAFTED, _S.RUNNING, _S.DONE), _S.STOPPED, r.MARKETING, may="campaign_start"),
    ),
    ended=(_S.DONE,),  # what has not left by then can still be stopped
)


@unique
class TextState(Enum):
    """A typed text is kept until it is erased."""

    WRITTEN = "written"


@unique
class TextMove(Enum):
    """What a text can be typed for."""

    NOTIFY = "notify"
    CARE_FOR = "care_for"


TEXT_MOVES: Final = Lifecycle(
    "message_text",
    TextState,
    TextState.WRITTEN,
    steps(
        "messages",
        Row(TextMove.NOTIFY, None, TextState.WRITTEN, r.INTERNAL, may="notify"),
        Row(TextMove.CARE_FOR, None, TextState.WRITTEN, r.DRIVERS_CARE, may="notify"),
    ),
    ended=(TextState.WRITTEN,),
)
