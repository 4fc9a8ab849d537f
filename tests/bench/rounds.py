"""Running a row: every subject in turn, round after round, so that a busy minute hits all alike.

A subject that cannot be measured is told, with the reason, and left out; one that fails in its
first round is not tried again in that row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Figure
from bench.gateway import Tollhouse
from bench.process import Chat, Cores, Failed
from bench.subjects import Running, Subject, running
from bench.upstreams import fast_upstream, scripted_upstream


@dataclass(frozen=True, slots=True)
class Scale:
    """How long and how much: on a quiet machine about 28 minutes with every peer."""

    rounds: int = 3
    more_rounds: int = 5
    """Of the rows in which a few percent decide; peers that are slow take part in ``rounds``."""
    seconds: float = 4.0
    """Of closed-loop load, per round and subject."""
    warm_up: float = 1.0
    latency_seconds: float = 2.0
    """Of open-loop load, per rate; up to twice that where so many requests would be too few."""
    stream_seconds: float = 3.0
    """Of events, per rate."""
    streams: int = 200
    idle_streams: int = 1_000
    models: int = 100_000
    large_bodies: int = 20


QUICK = Scale(
    rounds=1,
    more_rounds=1,
    seconds=2,
    warm_up=1,
    latency_seconds=1,
    stream_seconds=2,
    idle_streams=100,
    models=1_000,
    large_bodies=5,
)


@dataclass(slots=True)
class Bench:
    """What the rows share."""

    scale: Scale
    cores: Cores
    folder: Path
    """Everything is written below it, and removed with it."""
    gateway: Tollhouse
    peers: Sequence[Subject]
    tell: Callable[[str], None]
    root: Path
    """The checkout."""
    peer_folder: Path | None = None
    install: bool = True
    capacity: dict[str, float] = field(default_factory=dict)
    """Requests per second that a subject got through in this run."""

    @property
    def subjects(self) -> list[Subject]:
        """The gateway, then the peers."""
        return [self.gateway, *self.peers]

    @contextmanager
    def fast(self, subject: Subject) -> Iterator[tuple[Running, Chat]]:
        """A subject in front of the fast upstream, and that upstream."""
        with (
            fast_upstream(self.cores, self.folder / "upstream") as upstream,
            running(subject, upstream, self.cores, self.folder / subject.name) as started,
        ):
            yield started, upstream

    @contextmanager
    def scripted(self, subject: Subject) -> Iterator[tuple[Running, Chat]]:
        """A subject in front of the scripted upstream, and that upstream."""
        with (
            scripted_upstream(self.cores, self.folder / "upstream") as upstream,
            running(subject, upstream, self.cores, self.folder / subject.name) as started,
        ):
            yield started, upstream

    def interleave(
        self,
        name: str,
        figures: Sequence[Figure],
        measure: Callable[[Subject], Mapping[str, float]],
        subjects: Sequence[Subject] | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Measure all subjects in every round; ``measure`` gives values by figure's key.

        ``more``: a few percent decide, so there are more rounds.
        """
        rounds = self.scale.more_rounds if more else self.scale.rounds
        for turn in range(1, rounds + 1):
            for subject in self.subjects if subjects is None else subjects:
                series = [figure.of(subject.name) for figure in figures]
                if turn > 1 and not any(one.samples for one in series):
                    continue
                if turn > self.scale.rounds and subject.slow:
                    continue
                self.tell(f"{name}: round {turn} of {rounds}: {subject.name}")
                try:
                    values = measure(subject)
                except (Failed, OSError) as error:
                    self.tell(f"{name}: {subject.name} could not be measured: {error}")
                    for one in series:
                        one.fail(str(error))
                    continue
                for figure, one in zip(figures, series, strict=True):
                    if figure.key in values:
                        one.samples.append(values[figure.key])
