"""Texts that a gateway takes only as the code of an approved template and its parameters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import Fault
from csdomain.messaging.values import MESSAGE_RULES, Channel, Language, OutgoingText, Slot, parse
from csdomain.rulebook import Rulebook

from .answers import Fate, Gate


@attrs.frozen
class ApprovedTemplate:
    """A template of the gateway's: its code, and the placeholders of our text that are its parameters, in its order."""

    code: str
    values: tuple[str, ...] = ()


#: By occasion and language.
Templates = Mapping[tuple[str, Language], ApprovedTemplate]
_NONE: Final = ApprovedTemplate("")


def template_of(gate: Gate, templates: Templates, text: OutgoingText) -> tuple[str, Sequence[tuple[str, str]]]:
    """Code of the template for a text, and name and value of each parameter. Raises DeliveryFailed."""
    found = templates.get((text.occasion, text.language), _NONE)
    if not found.code:
        raise gate.failed(Fate.REFUSED_HERE, f"no template for {text.occasion} in {text.language.value}")
    missing = sorted({*found.values} - {*text.values})
    if missing:
        raise gate.failed(Fate.REFUSED_HERE, f"the text of {text.occasion} has no {missing[0]}")
    return found.code, [(name, text.values[name]) for name in found.values]


def faults(book: Rulebook, templates: Templates, at: str) -> Iterator[str]:
    """Where the templates of a gateway do not fit the texts of the house: an occasion or a text that is not there, and
    placeholders that one of the two does not have. ``at`` is the path of the templates in their file."""
    for (name, language), template in templates.items():
        path = f"{at}['{name}'].{language.value}"
        occasion = book.occasions.get(name)
        if occasion is None:
            yield Fault.of(Text(f"no context declares the occasion {name}", f"没有功能声明时机 {name}"), path)
            continue
        text = book[MESSAGE_RULES].texts(occasion, Channel.SMS).get(language.value)
        if text is None:
            yield Fault.of(Text("the rulebook has no such text for sms", "规则手册没有此短信文本"), path)
            continue
        ours = {part.name for part in parse(text, occasion) if isinstance(part, Slot)}
        for odd in sorted(ours.symmetric_difference(template.values)):
            said = (
                Text(f"the text has {{{odd}}}, the template does not", f"文本有 {{{odd}}}，模板没有")
                if odd in ours
                else Text(f"the template has {odd}, the text does not", f"模板有 {odd}，文本没有")
            )
            yield Fault.of(said, path)
