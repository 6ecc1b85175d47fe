"""How terms of service change: from one instant on. What was held before it stays as it was."""

from datetime import datetime

from .values import Post, Term

Terms = tuple[Term, ...]


def ended(terms: Terms, at: datetime) -> Terms:
    """The terms up to ``at`` and nothing after: a leaving (PPL-01)."""
    return tuple(
        term if term.until is not None and term.until <= at else Term(term.post, term.since, at)
        for term in terms
        if term.since < at
    )


def reassigned(terms: Terms, post: Post, at: datetime) -> Terms:
    """The same time of service, from ``at`` on in another post; what is yet to begin is in it too (PPL-01)."""
    later = tuple(Term(post, max(term.since, at), term.until) for term in terms if term.lasts_beyond(at))
    return ended(terms, at) + later


def resumed(terms: Terms, term: Term) -> Terms:
    """The terms up to where ``term`` begins, then ``term``: a return, or a leaving that is taken back (PPL-01)."""
    return (*ended(terms, term.since), term)


def held(terms: Terms, at: datetime) -> frozenset[str]:
    """The positions held at an instant: those of the term that is served then (PPL-01)."""
    return frozenset(position for term in terms if term.holds(at) for position in term.post.positions)


def serves_within(terms: Terms, since: datetime, until: datetime) -> bool:
    """Whether some term is served at some instant from ``since`` up to, and without, ``until``."""
    return any(term.since < until and term.lasts_beyond(since) for term in terms)
