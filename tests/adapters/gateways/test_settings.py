"""Gateways as a file says them: every fault by its key path, and no secret in the file or in an error (MSG-12)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from csdomain.desk import load_rulebook
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.messaging.rules import GATEWAYS, TEMPLATES
from csdomain.messaging.values import Channel, Language
from csdomain_adapters.gateways.aliyun import Aliyun
from csdomain_adapters.gateways.settings import KINDS, GatewaysInvalid, load
from csdomain_adapters.gateways.smtp import Security, Smtp
from csdomain_adapters.gateways.tencent import Tencent
from csdomain_adapters.gateways.twilio import Twilio

pytestmark = pytest.mark.rule(GATEWAYS)

ENVIRONMENT = {"ALI": "s3cr3t-ali", "TEN": "s3cr3t-ten", "TWI": "s3cr3t-twi", "HOOK": "s3cr3tHook0123456789"}
WHOLE = """
[channels]
sms = ["aliyun", "second", "twilio"]
email = ["smtp"]

[gateways.aliyun]
key_id = "LTAI"
secret = "env:ALI"
signature = "青藤"
hook = "env:HOOK"
networks = ["203.0.113.0/24"]

[gateways.aliyun.templates."complaint.accepted"]
zh_hans = { code = "SMS_1", values = ["name", "title", "number"] }

[gateways.second]
kind = "tencent"
secret_id = "AKID"
secret_key = "env:TEN"
app_id = "1400006666"
signature = "青藤"
templates = {}

[gateways.twilio]
account = "AC1"
token = "env:TWI"
sender = "+15005550006"
callback = "https://host.example/twilio"

[gateways.smtp]
host = "mail.example.org"
sender = "service@example.org"
subjects = { zh_hans = "青藤客服" }
security = "tls"
port = 465
user = "service"
password = "file:PASSWORD"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text("s3cr3t-mail\n", "utf-8")
    file = tmp_path / "gateways.toml"
    file.write_text(WHOLE.replace("PASSWORD", str(tmp_path / "password")), "utf-8")
    return file


def faults(file: Path, changes: Mapping[str, str], environment: Mapping[str, str] = ENVIRONMENT) -> list[str]:
    """The paths of the faults of the file with changes."""
    text = file.read_text("utf-8")
    for was, now in changes.items():
        assert was in text
        text = text.replace(was, now, 1)
    file.write_text(text, "utf-8")
    with pytest.raises(GatewaysInvalid) as caught:
        load(file, environment, load_rulebook("after_sales"))
    for language in ("en", "zh"):
        said = caught.value.render(language)
        assert "s3cr3t" not in said
        assert "MSG" in said or "KRN" in said
    return [str(fault).rpartition("@ ")[2] for fault in caught.value.faults]


def test_what_a_file_says_is_made(file: Path) -> None:
    found = load(file, ENVIRONMENT, load_rulebook("after_sales"))
    aliyun, second, twilio, smtp = found.by_name.values()
    assert found.chain.gateways == {Channel.SMS: [aliyun, second, twilio], Channel.EMAIL: [smtp]}
    assert isinstance(aliyun, Aliyun)
    assert (aliyun.name, aliyun.secret) == ("aliyun", "s3cr3t-ali")
    assert aliyun.templates["complaint.accepted", Language.ZH_HANS].values == ("name", "title", "number")
    assert aliyun.hook is not None
    assert aliyun.hook.networks == ("203.0.113.0/24",)
    assert isinstance(second, Tencent)
    assert (second.name, second.app_id) == ("second", "1400006666")
    assert isinstance(twilio, Twilio)
    assert twilio.callback == "https://host.example/twilio"
    assert isinstance(smtp, Smtp)
    assert (smtp.password, smtp.security, smtp.port) == ("s3cr3t-mail", Security.TLS, 465)


def test_a_file_from_windows_is_read(file: Path) -> None:
    expected = load(file, ENVIRONMENT).by_name
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert load(file, ENVIRONMENT).by_name.keys() == expected.keys()


@pytest.mark.rule(PERSONAL_DATA)
def test_no_secret_is_shown(file: Path) -> None:
    assert "s3cr3t" not in repr(load(file, ENVIRONMENT))


#: A change of the file, and where its fault is.
WRONG: dict[str, tuple[dict[str, str], list[str]]] = {
    "a secret in the file": ({'"env:ALI"': '"s3cr3t-ali"'}, ["$.gateways.aliyun.secret"]),
    "a variable that is not set": ({'"env:ALI"': '"env:NONE"'}, ["$.gateways.aliyun.secret"]),
    "a file that is not there": ({'"env:TEN"': '"file:/nowhere"'}, ["$.gateways.second.secret_key"]),
    "a typo": ({"signature": "signatur"}, ["$.gateways.aliyun.signatur", "$.gateways.aliyun.signature"]),
    "another type": ({'"LTAI"': "7"}, ["$.gateways.aliyun.key_id"]),
    "a port that is text": ({"port = 465": 'port = "465"'}, ["$.gateways.smtp.port"]),
    "an unknown kind": ({'"tencent"': '"pigeon"'}, ["$.gateways.second.kind"]),
    "a kind that is a list": ({'"tencent"': '["tencent"]'}, ["$.gateways.second.kind"]),
    "a file whose name cannot be": ({'"env:TEN"': '"file:\\u0000"'}, ["$.gateways.second.secret_key"]),
    "a port beyond all": ({"port = 465": "port = 65536"}, ["$.gateways.smtp"]),
    "no time": ({"port = 465": "timeout = 0"}, ["$.gateways.smtp"]),
    "a time that is no number": ({"port = 465": "timeout = nan"}, ["$.gateways.smtp"]),
    "a time without end": ({"port = 465": "timeout = inf"}, ["$.gateways.smtp"]),
    "a gateway that is a list": ({'"second", ': '["second"], '}, ["$.channels.sms"]),
    "an unknown gateway": ({'"second", ': '"third", '}, ["$.channels.sms"]),
    "a gateway twice": ({'"second", ': '"aliyun", '}, ["$.channels.sms"]),
    "another channel": ({'email = ["smtp"]': 'email = ["twilio"]'}, ["$.channels.email"]),
    "an unknown channel": ({"email =": "fax ="}, ["$.channels.fax"]),
    "no channel": ({'sms = ["aliyun", "second", "twilio"]\nemail = ["smtp"]': ""}, ["$.channels"]),
    "something else": ({"[channels]": "[chanels]"}, ["$.chanels", "$.channels"]),
    "a hook that is short": ({'"env:HOOK"': '"env:TEN"'}, ["$.gateways.aliyun"]),
    "networks that are none": ({"203.0.113.0/24": "everywhere"}, ["$.gateways.aliyun"]),
    "a callback that is no URL": ({"https://host.example/twilio": "host"}, ["$.gateways.twilio"]),
    "no such security": ({'"tls"': '"some"'}, ["$.gateways.smtp"]),
    "no such language": ({"subjects = { zh_hans": "subjects = { zh"}, ["$.gateways.smtp"]),
    "a template without a code": (
        {'code = "SMS_1", ': ""},
        ["$.gateways.aliyun.templates['complaint.accepted'].zh_hans"],
    ),
    "a template in no language": (
        {"zh_hans = { code": "zh = { code"},
        ["$.gateways.aliyun.templates['complaint.accepted'].zh"],
    ),
    "no TOML": ({"[channels]": "[channels"}, ["$"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_fault_is_named_by_its_path(file: Path, wrong: str) -> None:
    changes, expected = WRONG[wrong]
    assert faults(file, changes) == expected


def test_all_faults_are_named_at_once(file: Path) -> None:
    found = faults(file, {'"env:ALI"': '"env:NONE"', '"+15005550006"': "7", "port = 465": "port = true"})
    assert found == ["$.gateways.aliyun.secret", "$.gateways.twilio.sender", "$.gateways.smtp.port"]


@pytest.mark.rule(TEMPLATES)
@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"complaint.accepted"', '"complaint.acepted"'),
        ('"title", "number"]', '"title"]'),
        ('"title", "number"]', '"title", "number", "colour"]'),
        ('"complaint.accepted"', '"complaint.to_handle"'),
    ],
)
def test_a_template_that_does_not_fit_the_text_of_the_house_is_a_fault(file: Path, was: str, now: str) -> None:
    (found,) = faults(file, {was: now})
    assert found.startswith("$.gateways.aliyun.templates['complaint.")
    text = file.read_text("utf-8")
    assert load(file, ENVIRONMENT).by_name, f"without a rulebook it cannot be known: {text}"


def test_every_secret_of_a_kind_is_one_of_its_settings() -> None:
    for kind in KINDS.values():
        assert kind.secret <= kind.needs | kind.may
        assert not kind.needs & kind.may


ODD = ("a = 1", "channels = 1", "[gateways]\na = 1", "[channels]\nsms = [{}]\n[gateways.a]\nkind = 1")


@pytest.mark.parametrize("data", ODD)
def test_odd_files_are_refused_by_name(tmp_path: Path, data: str) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(data, "utf-8")
    with pytest.raises(GatewaysInvalid):
        load(file, {})


def test_bytes_that_are_no_text_are_refused_by_name(tmp_path: Path) -> None:
    file: Any = tmp_path / "odd.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(GatewaysInvalid):
        load(file, {})
