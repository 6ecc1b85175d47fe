"""The use cases of messages, of contact preferences and of campaigns."""

from .campaigns import CAMPAIGN_CASES as CAMPAIGN_CASES
from .campaigns import Campaigns as Campaigns
from .gate import Door as Door
from .gate import Gate as Gate
from .gate import Links as Links
from .inbox import InboxGateway as InboxGateway
from .inbox import InboxItem as InboxItem
from .messages import Messages as Messages
from .messages import RenderingNotifier as RenderingNotifier
from .preferences import PREFERENCES_CASES as PREFERENCES_CASES
from .preferences import Preferences as Preferences
from .typed import TEXT_CASES as TEXT_CASES
from .typed import Texts as Texts
