"""What was measured: figures, each with a series of samples per subject, and what they must reach.

A figure is judged by its medians. Its ratios are to the gateway unless it says otherwise, so that
they stay true on a machine that is slower altogether.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

GATEWAY = "tollhouse"


@dataclass(slots=True)
class Series:
    """One subject's samples, one for each round."""

    samples: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader must know, each said once."""
    details: list[dict[str, Any]] = field(default_factory=list)
    """Whatever else a round told, for programs."""

    @property
    def median(self) -> float:
        """The middle sample."""
        return median(self.samples)

    failed: bool = False
    """Whether a round could not be measured."""

    def fail(self, reason: str) -> None:
        """Remember that a round could not be measured, and why."""
        self.failed = True
        self.note(f"not measured: {reason}")

    def note(self, words: str) -> None:
        """Add a note unless it is there."""
        if words not in self.notes:
            self.notes.append(words)


Judge = Callable[["Figure"], bool | None]


@dataclass(slots=True)
class Figure:
    """One number of the contract, or beside it, for every subject."""

    key: str
    title: str
    unit: str
    more_is_better: bool = False
    must: str = ""
    """What must be reached, in words; empty: it is only shown."""
    judge: Judge = lambda _: None
    """Whether it was reached; None when what it is compared with was not measured."""
    own: str = GATEWAY
    """Whose median is judged …"""
    reference: str = GATEWAY
    """… and to whose the ratios are."""
    group: str = ""
    """Figures of one group are columns of one table."""
    column: str = ""
    series: dict[str, Series] = field(default_factory=dict)

    def of(self, subject: str) -> Series:
        """A subject's series, made when first asked for."""
        return self.series.setdefault(subject, Series())

    def median(self, subject: str) -> float | None:
        """A subject's median; None if it has no samples."""
        found = self.series.get(subject)
        return found.median if found and found.samples else None

    def ratio(self, subject: str) -> float | None:
        """A subject's median over the reference's."""
        own, other = self.median(subject), self.median(self.reference)
        return None if own is None or not other else own / other

    @property
    def reached(self) -> bool | None:
        """Whether the gateway is where it must be."""
        return self.judge(self) if self.must else None

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "more_is_better": self.more_is_better,
            "must": self.must or None,
            "reached": self.reached,
            "reference": self.reference,
            "subjects": {name: self._plain(name) for name in self.series},
        }

    def _plain(self, name: str) -> dict[str, Any]:
        series = self.series[name]
        told: dict[str, Any] = {"samples": series.samples, "notes": series.notes}
        if series.samples:
            low, high = min(series.samples), max(series.samples)
            told |= {"median": series.median, "min": low, "max": high, "ratio": self.ratio(name)}
        if series.details:
            told["details"] = series.details
        return told


def at_most(limit: float) -> Judge:
    """The gateway's median must not exceed a number."""

    def judge(figure: Figure) -> bool | None:
        own = figure.median(figure.own)
        return None if own is None else own <= limit

    return judge


def at_least(limit: float) -> Judge:
    """The gateway's median must not fall short of a number."""

    def judge(figure: Figure) -> bool | None:
        own = figure.median(figure.own)
        return None if own is None else own >= limit

    return judge


def at_least_of(peer: str, share: float = 1.0) -> Judge:
    """The gateway's median must be at least this share of a peer's."""

    def judge(figure: Figure) -> bool | None:
        own, other = figure.median(figure.own), figure.median(peer)
        return None if own is None or other is None else own >= share * other

    return judge


def at_most_of(peer: str, share: float) -> Judge:
    """The gateway's median must not exceed this share of a peer's."""

    def judge(figure: Figure) -> bool | None:
        own, other = figure.median(figure.own), figure.median(peer)
        return None if own is None or other is None else own <= share * other

    return judge
