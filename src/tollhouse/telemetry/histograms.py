"""Histograms that take many observations in few calls.

The library's own take one observation a call, which with several workers is two writes to a mapped
file for each. These keep two counters of the library instead, of the observations per bucket and of
their sum, and are told how many observations there were since the last time. The counters are in no
registry; a scrape reads histograms put together from them, in the form that the library's have.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

_BUCKET = "le"


class Histogram(Collector):
    """One histogram, with all its labels' values."""

    def __init__(
        self,
        name: str,
        meaning: str,
        labels: Sequence[str],
        *,
        registry: CollectorRegistry,
        buckets: Sequence[float],
    ) -> None:
        """``buckets`` are upper bounds in ascending order, without the infinite one."""
        self.name = name
        self._meaning = meaning
        self._labels = tuple(labels)
        self._bounds = (*buckets, inf)
        self._texts = tuple(map(floatToGoString, self._bounds))
        self._counts = Counter(f"{name}_bucket", meaning, (*labels, _BUCKET), registry=None)
        self._sums = Counter(f"{name}_sum", meaning, labels, registry=None)
        registry.register(self)

    def series(self, *labels: str) -> "Series":
        """The series of these labels. Make one once: two do not know of each other."""

        def bucket(place: int) -> Counter:
            return self._counts.labels(*labels, self._texts[place])

        return Series(
            self._bounds, bucket, lambda: self._sums.labels(*labels) if labels else self._sums
        )

    def describe(self) -> Iterable[Metric]:
        """The family without its samples."""
        return [HistogramMetricFamily(self.name, self._meaning, labels=self._labels)]

    def collect(self) -> Iterable[Metric]:
        """What was counted in this process."""
        parts = (*self._counts.collect(), *self._sums.collect())
        return [self.put_together({part.name: part for part in parts})]

    def put_together(self, families: Mapping[str, Metric]) -> Metric:
        """The histogram made from its two counters, which are looked for by name."""
        found: dict[tuple[str, ...], dict[str, float]] = {} if self._labels else {(): {}}
        for sample in _samples(families, f"{self.name}_bucket"):
            found.setdefault(self._key(sample), {})[sample.labels[_BUCKET]] = sample.value
        sums = {
            self._key(sample): sample.value for sample in _samples(families, f"{self.name}_sum")
        }
        family = HistogramMetricFamily(self.name, self._meaning, labels=self._labels)
        for key, counts in found.items():
            so_far = 0.0
            buckets: list[tuple[str, float]] = []
            for text in self._texts:
                so_far += counts.get(text, 0.0)
                buckets.append((text, so_far))
            family.add_metric(key, buckets, sums.get(key, 0.0))
        return family

    @property
    def parts(self) -> tuple[str, str]:
        """The names of the two counters."""
        return f"{self.name}_bucket", f"{self.name}_sum"

    def _key(self, sample: Sample) -> tuple[str, ...]:
        return tuple(sample.labels[label] for label in self._labels)


class Series:
    """Observations of one series: gathered by ``observe``, told to the library by ``put``."""

    __slots__ = ("_bounds", "_bucket", "_children", "_counts", "_sum", "_sum_of", "_total")

    def __init__(
        self,
        bounds: Sequence[float],
        bucket: Callable[[int], Counter],
        sum_of: Callable[[], Counter],
    ) -> None:
        self._bounds = bounds
        self._bucket = bucket
        self._sum_of = sum_of
        self._sum: Counter | None = None
        self._children: dict[int, Counter] = {}
        self._counts = [0] * len(bounds)
        self._total = 0.0

    def observe(self, amount: float) -> None:
        """Gather one observation; it is not negative."""
        self._counts[bisect_left(self._bounds, amount)] += 1
        self._total += amount

    def put(self) -> None:
        """Tell the library, in a call for each bucket that has something new and one for the sum.

        A series that was never observed is in no scrape, so its children are made here.
        """
        counts = self._counts
        if not any(counts):
            return
        total, self._total = self._total, 0.0
        self._counts = [0] * len(counts)
        for place, count in enumerate(counts):
            if count:
                child = self._children.get(place)
                if child is None:
                    child = self._children[place] = self._bucket(place)
                child.inc(count)
        if self._sum is None:
            self._sum = self._sum_of()
        self._sum.inc(total)


def _samples(families: Mapping[str, Metric], name: str) -> Iterable[Sample]:
    family = families.get(name)
    return () if family is None else family.samples
