"""The gateways of a house as a TOML file says them; its secrets stand elsewhere."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from csdomain.kernel.rules import Language as LanguageOfErrors
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import DomainError, Fault, RulebookInvalid
from csdomain.messaging.ports import Gateway
from csdomain.messaging.values import Channel, Language
from csdomain.rulebook import Rulebook

from .chain import Chain
from .templates import ApprovedTemplate, Templates, faults

_SECRET_LARGEST: Final = 4096


class GatewaysInvalid(RulebookInvalid):
    """A file of gateways was refused; ``faults`` names each fault with its key path."""

    def render(self, language: LanguageOfErrors = "en") -> str:
        """The head, and each fault on a line of its own."""
        head, *lines = super().render(language).split("\n")
        said = Text("The gateways were refused.", "网关配置被拒绝。")(language)
        return "\n".join([f"{head.partition(':')[0]}: {said}", *lines])


@attrs.frozen
class _Kind:
    """What a kind of gateway is made of: settings that it needs, that it may have, and which of them are secret."""

    make: Callable[[Mapping[str, Any]], Gateway]
    needs: frozenset[str]
    may: frozenset[str]
    secret: frozenset[str]


def _aliyun(given: Mapping[str, Any]) -> Gateway:
    from .aliyun import Aliyun

    return Aliyun(**_common(given))


def _tencent(given: Mapping[str, Any]) -> Gateway:
    from .tencent import Tencent

    return Tencent(**_common(given))


def _twilio(given: Mapping[str, Any]) -> Gateway:
    from .twilio import Twilio

    return Twilio(**_common(given))


def _smtp(given: Mapping[str, Any]) -> Gateway:
    from .smtp import Security, Smtp

    more: dict[str, Any] = dict(given)
    if "security" in more:
        more["security"] = Security(more["security"])
    more["subjects"] = {Language(language): text for language, text in more.pop("subjects").items()}
    return Smtp(**more)


def _smpp(given: Mapping[str, Any]) -> Gateway:
    from .smpp import Ids, Long, Security, Smpp

    kinds: dict[str, Any] = {"security": Security, "long": Long, "ids": Ids}
    more: dict[str, Any] = {key: kinds[key](value) if key in kinds else value for key, value in given.items()}
    return Smpp(**more)


def _common(given: Mapping[str, Any]) -> Mapping[str, Any]:
    from .http import Endpoint
    from .inbound import Hook

    more = dict(given)
    token, networks = more.pop("hook", ""), more.pop("networks", ())
    if token or networks:
        more["hook"] = Hook(token, tuple(networks))
    if "endpoint" in more:
        more["endpoint"] = Endpoint.of(more["endpoint"])
    return more


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


KINDS: Final[Mapping[str, _Kind]] = {
    "aliyun": _Kind(
        _aliyun,
        _set("key_id secret signature templates"),
        _set("endpoint hook networks"),
        _set("secret hook"),
    ),
    "tencent": _Kind(
        _tencent,
        _set("secret_id secret_key app_id signature templates"),
        _set("region endpoint hook networks"),
        _set("secret_key hook"),
    ),
    "twilio": _Kind(
        _twilio,
        _set("account token sender"),
        _set("key_id key_secret callback endpoint"),
        _set("token key_secret"),
    ),
    "smtp": _Kind(
        _smtp,
        _set("host sender subjects"),
        _set("port security user password shown timeout"),
        _set("password"),
    ),
    "smpp": _Kind(
        _smpp,
        _set("host system_id password sender"),
        _set("port security system_type long ids timeout"),
        _set("password"),
    ),
}
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "port": int,
    "timeout": (int, float),
    "networks": list,
    "subjects": dict,
    "templates": dict,
}


@attrs.frozen
class Gateways:
    """The gateways of a file: each by its name, and all of them as one."""

    by_name: Mapping[str, Any]
    chain: Chain


def load(file: Path, environment: Mapping[str, str], book: Rulebook | None = None) -> Gateways:
    """The gateways that a TOML file says; with a ``book`` also whether their templates fit the texts of the house.

    A secret is ``env:NAME`` or ``file:PATH``, never the secret itself. Raises GatewaysInvalid with every fault;
    OSError.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8"
        raise GatewaysInvalid((Fault.of(Text(said, said), "$"),)) from None
    reader = _Reader(environment)
    found = reader.gateways(data)
    if book is not None and not reader.faults:
        for name, templates in reader.templates.items():
            reader.faults.extend(faults(book, templates, f"$.gateways.{name}.templates"))
    if reader.faults:
        raise GatewaysInvalid(tuple(reader.faults))
    return found


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []
        self.templates: dict[str, Templates] = {}

    def _fault(self, en: str, zh: str, path: str) -> None:
        self.faults.append(Fault.of(Text(en, zh), path))

    def gateways(self, data: Mapping[str, Any]) -> Gateways:
        for odd in sorted({*data} - {"channels", "gateways"}):
            self._fault("channels and gateways expected", "应为 channels 与 gateways", f"$.{odd}")
        given = data.get("gateways")
        made: dict[str, Gateway] = {}
        for name, table in given.items() if isinstance(given, dict) else ():
            one = self._gateway(name, table, f"$.gateways.{name}")
            if one is not None:
                made[name] = one
        return Gateways(made, Chain(dict(self._channels(data.get("channels"), given, made))))

    def _channels(
        self, given: object, gateways: object, made: Mapping[str, Any]
    ) -> Iterator[tuple[Channel, Sequence[Gateway]]]:
        if not isinstance(given, dict) or not given:
            self._fault('at least one channel expected: sms = ["…"]', '至少应有一个渠道：sms = ["…"]', "$.channels")
            return
        known = {channel.value: channel for channel in Channel}
        for name, names in given.items():
            path = f"$.channels.{name}"
            told = [one for one in names if isinstance(one, str)] if isinstance(names, list) else []
            if name not in known or not told or told != names or len({*told}) < len(told):
                self._fault("a channel with its gateways, each once, expected", "应为渠道及其网关，各一次", path)
                continue
            for one in told:
                if not isinstance(gateways, dict) or one not in gateways:
                    self._fault(f"there is no gateway {one}", f"没有网关 {one}", path)
                elif one in made and made[one].channel is not known[name]:
                    its = made[one].channel.value
                    self._fault(f"{one} is for {its}", f"{one} 用于 {its}", path)
            yield known[name], [made[one] for one in told if one in made]

    def _gateway(self, name: str, table: object, path: str) -> Gateway | None:
        if not isinstance(table, dict):
            self._fault("a table expected", "应为表", path)
            return None
        kind = KINDS.get(str(table.get("kind", name)))
        if kind is None:
            names = ", ".join(KINDS)
            self._fault(f"one of {names} expected", f"应为 {names} 之一", f"{path}.kind")
            return None
        given = {key: value for key, value in table.items() if key != "kind"}
        before = len(self.faults)
        for odd in sorted({*given} - kind.needs - kind.may):
            self._fault("there is no such setting", "没有此设置", f"{path}.{odd}")
        for missing in sorted(kind.needs - {*given}):
            self._fault("this setting is missing", "缺少此设置", f"{path}.{missing}")
        for key, value in given.items():
            if not isinstance(value, _TYPES.get(key, str)) or isinstance(value, bool):
                self._fault("a value of another type expected", "值的类型不对", f"{path}.{key}")
            elif key in kind.secret:
                given[key] = self._secret(str(value), f"{path}.{key}")
        if "templates" in given and len(self.faults) == before:
            self.templates[name] = given["templates"] = dict(self._templates(given["templates"], f"{path}.templates"))
        if len(self.faults) > before:
            return None
        try:
            return kind.make({**given, "name": name})
        except DomainError as error:
            self._fault(error.render("en"), error.render("zh"), path)
        except (ValueError, TypeError, AttributeError):
            self._fault("a value is not possible", "有值无效", path)
        return None

    def _secret(self, said: str, path: str) -> str:
        kind, _, where = said.partition(":")
        found = ""
        if kind == "env":
            found = self._environment.get(where, "")
        elif kind == "file":
            try:
                found = Path(where).read_text("utf-8").strip()
            except (OSError, ValueError):  # no such file, no text, no name of a file
                found = ""
        else:
            self._fault("env:NAME or file:PATH expected, no secret", "应为 env:名称 或 file:路径，不得写密钥", path)
            return ""
        if not found or len(found) > _SECRET_LARGEST:
            self._fault(f"{kind} has no such secret", f"{kind} 中没有此密钥", path)
        return found

    def _templates(
        self, given: Mapping[str, Any], path: str
    ) -> Iterator[tuple[tuple[str, Language], ApprovedTemplate]]:
        known = {language.value: language for language in Language}
        for occasion, languages in given.items():
            for language, one in languages.items() if isinstance(languages, dict) else [("", None)]:
                found = _template(one) if language in known else None
                if found is None:
                    said = 'zh_hans = { code = "…", values = ["…"] }'
                    where = f"{path}['{occasion}']" + (f".{language}" if language else "")
                    self._fault(f"{said} expected", f"应为 {said}", where)
                else:
                    yield (occasion, known[language]), found


def _template(one: object) -> ApprovedTemplate | None:
    if not isinstance(one, dict) or {*one} - {"code", "values"}:
        return None
    code, values = one.get("code"), one.get("values", [])
    if not isinstance(code, str) or not code or not isinstance(values, list):
        return None
    return ApprovedTemplate(code, tuple(values)) if all(isinstance(value, str) for value in values) else None
