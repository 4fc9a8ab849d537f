"""The row of translation: chats whose provider is asked, and answers, in Anthropic's dialect."""

from collections.abc import Mapping

from bench import closed_loop, gateway
from bench.figures import Figure, at_least, at_most
from bench.loads import MICRO, event_cpu, loaded
from bench.rounds import Bench
from bench.stream_reader import StreamReader
from bench.subjects import Subject, translators
from bench.upstreams import begin

LEAST_PER_SECOND = 3_000
MOST_MICROSECONDS = 60.0
EVENT_RATE = 10_000
"""Events per second, all streams together. Every delta is one event on both sides."""


def translation(bench: Bench) -> list[Figure]:
    """Requests per second, what one costs, and what one streamed event costs."""
    rate = Figure(
        "translated-throughput",
        f"translated chat requests/s on one core, {closed_loop.CONNECTIONS} connections",
        "requests/s",
        more_is_better=True,
        must=f"at least {LEAST_PER_SECOND:,}".replace(",", " "),
        judge=at_least(LEAST_PER_SECOND),
    )
    cpu = Figure("translated-request-cpu", "CPU time of one translated chat request", "µs")
    event = Figure(
        "translated-stream-cpu",
        f"CPU per translated stream event, {bench.scale.streams} streams, {EVENT_RATE} events/s",
        "µs",
        must=f"at most {MOST_MICROSECONDS:g} µs",
        judge=at_most(MOST_MICROSECONDS),
    )

    def requests(subject: Subject) -> Mapping[str, float]:
        with bench.fast(subject) as (started, _):
            got = loaded(bench, subject, started)
        for note in got.notes:
            rate.of(subject.name).note(note)
        return {rate.key: got.per_second, cpu.key: got.cpu_per_request * MICRO}

    def streams(subject: Subject) -> Mapping[str, float]:
        with bench.scripted(subject) as (started, upstream):
            reader = StreamReader(started.chat)
            try:
                reader.open(bench.scale.streams)
                begin(upstream, EVENT_RATE)
                note = event.of(subject.name).note
                return {event.key: event_cpu(bench, started, reader, EVENT_RATE, note) * MICRO}
            finally:
                reader.close()

    own = gateway.prepare(bench.folder / "home-translating", translates=True)
    who = [own, *translators(bench.peers)]
    bench.interleave("translated requests", [rate, cpu], requests, who, more=True)
    bench.interleave("translated streams", [event], streams, who, more=True)
    return [rate, event, cpu]
