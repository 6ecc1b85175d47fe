"""Paper forms as documents: a number, ordered copies with holders, signatures, a seal (KRN-09).

What a form says (``fields``) and the personal data on it (``personal``) are kept apart: the seal covers the first and
only a salted digest of the second, so that a person can be erased and the seal still verifies (KRN-14).
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from html import escape
from typing import Final

import attrs

from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import FORMS, Language, Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken, require
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.codec import canonical, plain
from csdomain.kernel.values.personal import WITHHELD, PersonalKind, mask, personal

_SALT_SHORTEST: Final = 16
Value = str | int | bool | None


class MalformedDocument(InvalidValue):
    """A form without a number, with two copies of one name, or with a field that cannot be printed (KRN-09)."""

    default_rule = FORMS
    problem = Text("This form cannot be drawn up.", "无法建立此表单。")


class SignedTwice(RuleBroken):
    """A role signed before, or someone signs in a second role where the form wants different people (KRN-09)."""

    default_rule = FORMS
    problem = Text("This signature is there already.", "此签核已存在。")


class Sealed(RuleBroken):
    """The form is signed, so it no longer changes; a correction is a new form (KRN-09)."""

    default_rule = FORMS
    problem = Text("A signed form does not change.", "已签核的表单不得更改。")


class Tampered(RuleBroken):
    """The form is not what was signed: some field, signature or copy was changed afterwards (KRN-09)."""

    default_rule = FORMS
    problem = Text("The form is not what was signed.", "表单与签核时不符。")


class Unsigned(RuleBroken):
    """A signature that something needs is not on the form (KRN-09)."""

    default_rule = FORMS
    problem = Text("A signature is missing.", "缺少签核。")


@attrs.frozen
class Signature:
    """Who signed, in which role, when; ``seal`` is what the form was at that moment: its first ``fields`` entries.

    ``basis`` is the digest of what was decided on besides and does not stand on the form; empty where there is none.
    """

    role: str
    by: ActorId
    at: datetime
    seal: str = attrs.field(metadata=WITHHELD)
    fields: int
    basis: str = attrs.field(default="", metadata=WITHHELD)


@attrs.frozen
class Holding:
    """Where a copy went: to ``holder`` (an actor, a department, a position) at an instant, given by someone."""

    holder: str
    at: datetime
    by: ActorId


@attrs.frozen
class Copy:
    """One copy (聯) of a form: its number on the form, what it is for, and where it has been, oldest first."""

    number: int
    purpose: str
    held: tuple[Holding, ...] = ()

    @property
    def holder(self) -> str | None:
        """Who has it now; None while it has not been given out."""
        return self.held[-1].holder if self.held else None


def _fields(given: Mapping[str, Value]) -> Mapping[str, Value]:
    fields = dict(given)
    for name, value in fields.items():
        if not name or not (value is None or isinstance(value, str | int)):
            raise MalformedDocument(
                field=name or "?",
                given=type(value).__name__,
                accepted=Text("text, an integer, true or false, or nothing", "文本、整数、真假或空"),
            )
    return fields


@attrs.frozen(kw_only=True)
class Document:
    """A numbered form. Frozen: signing, giving out a copy and correcting each return the form as it is then.

    ``personal`` are fields that identify a person, by name; erasing them (:meth:`erased`) leaves ``personal_digest``,
    which was made with ``salt`` when the form was drawn up. ``corrects`` is the number of the form it corrects.
    """

    kind: str
    number: str
    drawn_up_at: datetime = attrs.field(converter=utc)
    drawn_up_by: ActorId
    fields: Mapping[str, Value] = attrs.field(converter=_fields)
    personal: Mapping[str, Value] = personal(PersonalKind.OTHER, converter=_fields)
    personal_digest: str = attrs.field(metadata=WITHHELD)
    copies: tuple[Copy, ...]
    corrects: str | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether anyone has signed."""
        return bool(self.signatures)

    def seal(self, entries: int | None = None) -> str:
        """What identifies the content of the form: any change of a field, or of personal data, changes it.

        With ``entries`` it is that of the first so many fields, in the order in which they were filled in.
        """
        return self._seals(entries)[0]

    def _seals(self, *entries: int | None) -> list[str]:
        """The seals of so many fields each: every field is written out once, however many signatures there are."""
        rows = [f"[{canonical(name)},{_written(value)}]" for name, value in self.fields.items()]
        head = canonical([self.kind, self.number, plain(self.drawn_up_at), self.drawn_up_by])[:-1]
        copies = [[copy.number, copy.purpose] for copy in self.copies]
        tail = canonical([self.personal_digest, copies, self.corrects])[1:]
        return [sha256(f"{head},[{','.join(rows[:count])}],{tail}".encode()).hexdigest() for count in entries]

    def verify(self, salt: str | None = None) -> None:
        """Refuse unless every signature is on exactly this content. Raises :class:`Tampered`. [KRN-09]

        With the ``salt`` that the form was drawn up with, personal fields that are still there are verified too.
        """
        if salt is not None and self.personal and _digest([salt, dict(self.personal)]) != self.personal_digest:
            raise Tampered(number=self.number, field="personal")
        self._verified()

    def _verified(self) -> str:
        """The seal of the whole content, once all signatures are verified."""
        *seals, whole = self._seals(*(signature.fields for signature in self.signatures), None)
        for place, (signature, content) in enumerate(zip(self.signatures, seals, strict=True)):
            told = 0 <= signature.fields <= len(self.fields)
            if not told or signature.seal != _sealed(content, signature, self.signatures[:place]):
                raise Tampered(number=self.number, field="signature", role=signature.role)
        return whole

    def sign(
        self,
        role: str,
        *,
        by: ActorId,
        at: datetime,
        different_people: bool = True,
        basis: Mapping[str, object] | None = None,
    ) -> "Document":
        """The form with one more signature, over its content and all signatures before.

        ``basis`` is what the signature rests on and does not stand on the form: see :meth:`require_basis`.

        Raises :class:`SignedTwice` for a role that has signed, or, with ``different_people``, for a person who has;
        :class:`Tampered` where the form is not what was signed so far. [KRN-09]
        """
        content = self._verified()
        at = utc(at)
        require(bool(role), FORMS, accepted=Text("a role", "角色"))
        for signature in self.signatures:
            if signature.role == role or (different_people and signature.by == by):
                raise SignedTwice(number=self.number, role=role, actor=by, accepted=Text("another", "其他角色或人员"))
            require(at >= signature.at, FORMS, accepted=Text("signatures in order of time", "按时间先后签核"), at=at)
        unsealed = Signature(role, by, at, "", len(self.fields), "" if basis is None else _digest(plain(basis)))
        signature = attrs.evolve(unsealed, seal=_sealed(content, unsealed, self.signatures))
        return attrs.evolve(self, signatures=(*self.signatures, signature))

    def signature(self, role: str) -> Signature:
        """The signature of a role. Raises :class:`Unsigned`."""
        for signature in self.signatures:
            if signature.role == role:
                return signature
        raise Unsigned(number=self.number, role=role)

    def require_basis(self, role: str, *bases: Mapping[str, object]) -> None:
        """Refuse unless the signature of ``role`` rests on one of ``bases``. Raises Unsigned, :class:`Tampered`.

        A signature from before signatures had a basis rests on the form alone. [KRN-09]
        """
        signed = self.signature(role).basis
        if signed and all(signed != _digest(plain(basis)) for basis in bases):
            raise Tampered(number=self.number, field="basis", role=role)

    def require_signed(self, *roles: str) -> None:
        """Refuse unless all ``roles`` have signed this very content. Raises Unsigned, Tampered. [KRN-09]"""
        self.verify()
        for role in roles:
            self.signature(role)

    def filled(self, **changes: Value) -> "Document":
        """The form with other fields, while nobody has signed. Raises :class:`Sealed`. [KRN-09]"""
        if self.signed:
            roles = ", ".join(signature.role for signature in self.signatures)
            correct = Text("a correction: a new form that refers to this one", "更正：另立新单并引用本单")
            raise Sealed(number=self.number, signed=roles, accepted=correct)
        return attrs.evolve(self, fields={**self.fields, **changes})

    def continued(self, **entries: Value) -> "Document":
        """The form with further fields below those that are there, as the next department fills in its part.

        What has been signed stays as it is; the next signature covers the new entries too. Raises :class:`Sealed` for a
        field that is there already. [KRN-09]
        """
        there = ", ".join(sorted(self.fields.keys() & entries.keys()))
        if there:
            raise Sealed(number=self.number, field=there, accepted=Text("further fields", "新的栏目"))
        return attrs.evolve(self, fields={**self.fields, **entries})

    def stated(self, name: str) -> Value:
        """What the form says in a field that a signature covers. Raises :class:`Unsigned`, Tampered. [KRN-09]"""
        return self.statements(name)[name]

    def statements(self, *names: str) -> dict[str, Value]:
        """What the form says in several fields: as :meth:`stated`, verified once."""
        self.verify()
        covered = max((signature.fields for signature in self.signatures), default=0)
        signed = set(list(self.fields)[:covered])
        for name in names:
            if name not in signed:
                raise Unsigned(number=self.number, field=name)
        return {name: self.fields[name] for name in names}

    def hand_over(self, copy: int, holder: str, *, by: ActorId, at: datetime) -> "Document":
        """The form with one copy in another's hands; signed or not, since paper travels. Raises MalformedDocument."""
        at = utc(at)
        there = next((c for c in self.copies if c.number == copy), None)
        if there is None or not holder:
            numbers = ", ".join(str(c.number) for c in self.copies)
            raise MalformedDocument(field="copy", given=copy, accepted=Text(f"one of {numbers}", f"{numbers} 之一"))
        last = there.held[-1].at if there.held else self.drawn_up_at
        require(at >= last, FORMS, accepted=Text(f"not before {last.isoformat()}", f"不早于 {last.isoformat()}"), at=at)
        moved = attrs.evolve(there, held=(*there.held, Holding(holder, at, by)))
        return attrs.evolve(self, copies=tuple(moved if c.number == copy else c for c in self.copies))

    def distribute(self, *, by: ActorId, at: datetime, to: str = "", after: int = 0) -> "Document":
        """The form with the copies after the ``after``-th handed over: each to whom it is for, or all ``to`` one."""
        paper = self
        for copy in self.copies[after:]:
            paper = paper.hand_over(copy.number, to or copy.purpose, by=by, at=at)
        return paper

    def with_holder(self, holder: str) -> tuple[int, ...]:
        """The numbers of the copies that ``holder`` has now."""
        return tuple(copy.number for copy in self.copies if copy.holder == holder)

    def erased(self) -> "Document":
        """The form without its personal fields; figures, signatures and seals stay and still verify (KRN-14)."""
        return attrs.evolve(self, personal={})

    def text(self, language: Language = "en", *, reveal: bool = False) -> str:
        """The form as plain text; personal fields masked unless ``reveal``."""
        return "\n".join(f"{label}: {value}" if label else value for label, value in self._lines(language, reveal))

    def html(self, language: Language = "en", *, reveal: bool = False) -> str:
        """The form as a fragment of HTML, everything escaped; personal fields masked unless ``reveal``."""
        rows = "".join(
            f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>"
            if label
            else f'<tr><th colspan="2">{escape(value)}</th></tr>'
            for label, value in self._lines(language, reveal)
        )
        return f'<table class="csd-form">{rows}</table>'

    def _lines(self, language: Language, reveal: bool) -> list[tuple[str, str]]:
        chinese = language == "zh"
        lines = [("", f"{self.kind} {self.number}")]
        if self.corrects:
            lines.append(("更正" if chinese else "corrects", self.corrects))
        lines += [(name, "" if value is None else str(value)) for name, value in self.fields.items()]
        for name, value in self.personal.items():
            lines.append((name, str(value) if reveal else mask(PersonalKind.OTHER, value)))
        for copy in self.copies:
            label = f"第 {copy.number} 联" if chinese else f"copy {copy.number}"
            lines.append((label, f"{copy.purpose} -> {copy.holder or '-'}"))
        for signature in self.signatures:
            label = f"签核 {signature.role}" if chinese else f"signed {signature.role}"
            lines.append((label, f"{signature.by} {signature.at.isoformat()}"))
        return lines


def draw_up(
    kind: str,
    number: str,
    fields: Mapping[str, Value],
    *,
    by: ActorId,
    at: datetime,
    copies: tuple[str, ...] = (),
    personal: Mapping[str, Value] | None = None,
    salt: str = "",
    corrects: Document | None = None,
) -> Document:
    """A new form; ``copies`` are what each copy is for, in order, the first being number 1.

    ``salt`` (at least 16 characters, from the host's randomness) is needed where there is personal data: without it a
    digest of a phone number could be guessed. A correction refers to a signed form of its own kind. Raises
    :class:`MalformedDocument`, :class:`Unsigned`, :class:`Tampered`. [KRN-09]
    """
    if not kind or not number:
        raise MalformedDocument(field="number", accepted=Text("a kind and a number", "种类与编号"))
    if len(set(copies)) != len(copies) or not all(copies):
        raise MalformedDocument(field="copies", given=len(copies), accepted=Text("distinct purposes", "各联用途不同"))
    about = _fields(personal or {})
    if about and len(salt) < _SALT_SHORTEST:
        shortest = Text(f"at least {_SALT_SHORTEST} characters", f"至少 {_SALT_SHORTEST} 个字符")
        raise MalformedDocument(field="salt", given=len(salt), accepted=shortest)
    if corrects is not None:
        corrects.verify()
        if not corrects.signed:
            raise Unsigned(number=corrects.number, accepted=Text("fill it in again", "直接修改即可"))
        if corrects.kind != kind:
            raise MalformedDocument(field="corrects", given=corrects.kind, expected=kind)
    return Document(
        kind=kind,
        number=number,
        drawn_up_at=at,
        drawn_up_by=by,
        fields=fields,
        personal=about,
        personal_digest=_digest([salt, dict(about)]) if about else "",
        copies=tuple(Copy(i, purpose) for i, purpose in enumerate(copies, 1)),
        corrects=None if corrects is None else corrects.number,
    )


def _written(value: Value) -> str:
    """As ``canonical`` writes it, which makes an encoder for anything but text."""
    if value is None:
        return "null"
    return int.__repr__(value) if type(value) is int else canonical(value)


def _digest(content: object) -> str:
    return sha256(canonical(content).encode()).hexdigest()


def _sealed(content: str, signature: Signature, before: tuple[Signature, ...]) -> str:
    basis = [signature.basis] if signature.basis else []
    seals = [earlier.seal for earlier in before]
    return _digest([content, signature.role, signature.by, plain(signature.at), seals, *basis])
