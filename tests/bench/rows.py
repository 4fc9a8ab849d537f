"""The rows of the contract's table: how each figure is measured, on the gateway and its peers."""

import base64
import http.client
import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from random import Random

from bench import closed_loop, gateway, installs, open_loop
from bench.figures import GATEWAY, Figure, at_least_of, at_most, at_most_of
from bench.loads import MICRO, SETTLE, event_cpu, loaded, warm_up
from bench.machine import cpu_seconds, resident_bytes
from bench.process import Chat, Failed
from bench.rounds import Bench
from bench.stream_reader import StreamReader
from bench.subjects import Running, Subject, running
from bench.translation import translation
from bench.upstreams import begin, fast_upstream

LOADS = (10, 50, 80)
"""Percent of a subject's own capacity."""
EVENT_RATES = (1_000, 10_000)
"""Events per second, all streams together: the last is judged. At the first most events wake a
sleeping process, which costs every subject alike and more than the event."""
_REQUESTS = 1_500
_LATE = 0.001
_WARM_STREAMS = 20
_SLOW_SHARE = 4
_FEW_MODELS = 100
_ASKED_MODELS = 100
_LARGE = 5_000_000


def throughput(bench: Bench) -> list[Figure]:
    """Requests per second, and what one costs."""
    rate = Figure(
        "throughput",
        f"chat requests/s on one core, {closed_loop.CONNECTIONS} connections, 0.6 kB answers",
        "requests/s",
        more_is_better=True,
        must="at least vllm-router's",
        judge=at_least_of("vllm-router"),
    )
    cpu = Figure("request-cpu", "CPU time of one chat request at full load", "µs")

    def measure(subject: Subject) -> Mapping[str, float]:
        with bench.fast(subject) as (started, _):
            got = loaded(bench, subject, started)
        for note in got.notes:
            rate.of(subject.name).note(note)
        return {rate.key: got.per_second, cpu.key: got.cpu_per_request * MICRO}

    bench.interleave("throughput", [rate, cpu], measure, more=True)
    for name in rate.series:
        middle = rate.median(name)
        if middle is not None:
            bench.capacity[name] = middle
    return [rate, cpu]


def latency(bench: Bench) -> list[Figure]:
    """What a subject adds to the upstream's own latency, at a constant arrival rate.

    Rates that the client could not keep are left out, and so are percentiles of too few requests.
    """
    figures = {
        (load, percentile): Figure(
            f"latency-{load}-p{percentile:g}",
            f"latency added at {load} % of capacity, p{percentile:g}",
            "ms",
            group=f"latency added at {load} % of a subject's own capacity, constant arrival rate",
            column=f"p{percentile:g}",
        )
        for load in LOADS
        for percentile in open_loop.PERCENTILES
    }

    def measure(subject: Subject) -> Mapping[str, float]:
        values: dict[str, float] = {}
        with bench.fast(subject) as (started, upstream):
            full = bench.capacity.get(subject.name)
            if full is None:
                full = loaded(bench, subject, started).per_second
            else:
                closed_loop.load(started.chat, bench.cores, bench.folder, warm_up(bench, subject))
            for load in LOADS:
                rate = full * load / 100
                if rate > open_loop.MOST_PER_SECOND:
                    continue
                seconds = _latency_seconds(bench.scale.latency_seconds, rate, subject)
                direct = open_loop.measure(upstream, rate, seconds)
                through = open_loop.measure(started.chat, rate, seconds)
                first = figures[load, open_loop.PERCENTILES[0]].of(subject.name)
                first.details.append(
                    {"rate": rate, "direct": asdict(direct), "through": asdict(through)}
                )
                _note_trouble(first.note, through)
                for percentile in through.percentiles.keys() & direct.percentiles.keys():
                    added = through.percentiles[percentile] - direct.percentiles[percentile]
                    values[figures[load, percentile].key] = added * 1e3
        return values

    bench.interleave("latency", list(figures.values()), measure)
    return list(figures.values())


def _latency_seconds(least: float, rate: float, subject: Subject) -> float:
    """Long enough for the slowest in a thousand, within reason."""
    return least if subject.slow else min(2 * least, max(least, _REQUESTS / rate))


def stream_cpu(bench: Bench) -> list[Figure]:
    """CPU time per event of streams whose events come one at a time."""
    figures = {
        rate: Figure(
            f"stream-cpu-{rate}",
            f"CPU time of one streamed event, {bench.scale.streams} streams, {rate} events/s",
            "µs",
        )
        for rate in EVENT_RATES
    }
    judged = figures[EVENT_RATES[-1]]
    judged.must, judged.judge = "at most 1.4 times Envoy's", at_most_of("envoy", 1.4)

    def measure(subject: Subject) -> Mapping[str, float]:
        values: dict[str, float] = {}
        with bench.scripted(subject) as (started, upstream):
            reader = StreamReader(started.chat)
            try:
                reader.open(bench.scale.streams)
                # Upwards, so that what was late at one rate does not come during another.
                for rate, figure in figures.items():
                    begin(upstream, rate)
                    used = event_cpu(bench, started, reader, rate, figure.of(subject.name).note)
                    values[figure.key] = used * MICRO
            finally:
                reader.close()
        return values

    bench.interleave("stream-cpu", list(figures.values()), measure, more=True)
    return list(figures.values())[::-1]


def stream_memory(bench: Bench) -> list[Figure]:
    """Resident memory that an open stream holds."""
    count = bench.scale.idle_streams
    figure = Figure(
        "stream-memory",
        f"memory per open stream, {count} idle streams",
        "kB",
        must="at most 20 kB",
        judge=at_most(20.0),
    )

    def measure(subject: Subject) -> Mapping[str, float]:
        with bench.scripted(subject) as (started, _):
            reader = StreamReader(started.chat)
            try:
                reader.open(_WARM_STREAMS)
                reader.read(SETTLE)
                before = resident_bytes(started.pid)
                opened = count
                if subject.slow:
                    opened //= _SLOW_SHARE
                    figure.of(subject.name).note(
                        f"{opened} streams, of which it is slow to open more"
                    )
                reader.open(opened)
                reader.read(SETTLE)
                grown = resident_bytes(started.pid) - before
            finally:
                reader.close()
        return {figure.key: grown / opened / 1e3}

    bench.interleave("stream-memory", [figure], measure)
    return [figure]


def start(bench: Bench) -> list[Figure]:
    """From the command to its first chat answer, and what it then holds."""
    seconds = Figure(
        "startup",
        "from the command to the first chat answer",
        "s",
        must="at most 1 s",
        judge=at_most(1.0),
    )
    memory = Figure(
        "idle-memory",
        "resident memory of an idle worker",
        "MB",
        must="at most 90 MB",
        judge=at_most(90.0),
    )

    def measure(subject: Subject) -> Mapping[str, float]:
        with bench.fast(subject) as (started, _):
            time.sleep(SETTLE)
            held = resident_bytes(started.pid) / 1e6
        return {seconds.key: started.seconds_to_answer, memory.key: held}

    bench.interleave("start", [seconds, memory], measure)
    return [seconds, memory]


def install(bench: Bench) -> list[Figure]:
    """What an installation brings along."""
    count = Figure(
        "packages", "packages installed, itself included", "", must="at most 45", judge=at_most(45)
    )
    size = Figure(
        "install-size", "size installed", "MB", must="at most 130 MB", judge=at_most(130.0)
    )
    ways: dict[str, Callable[[], installs.Weight]] = {}
    if bench.install:
        ways[GATEWAY] = lambda: installs.weigh_source(bench.root, bench.folder / "weigh")
    homes = bench.peer_folder
    if homes is not None:
        if (homes / "litellm").exists():
            ways["litellm"] = lambda: installs.weigh(homes / "litellm")
        if (homes / "portkey").exists():
            ways["portkey"] = lambda: installs.weigh_node(homes / "portkey")
    for name, way in ways.items():
        bench.tell(f"install: {name}")
        try:
            weight = way()
        except Failed as error:
            bench.tell(f"install: {name} could not be weighed: {error}")
            count.of(name).fail(str(error))
            continue
        count.of(name).samples.append(weight.packages)
        size.of(name).samples.append(weight.megabytes)
    return [count, size]


def catalogue(bench: Bench) -> list[Figure]:
    """What a request costs with a small and with a very large catalogue."""
    many = bench.scale.models
    names = {size: f"{size} models" for size in (_FEW_MODELS, many)}
    figure = Figure(
        "catalogue",
        f"CPU time of one chat request, {_ASKED_MODELS} models of {many} asked in turn",
        "µs",
        must="within 5 % of 100 models",
        judge=at_most_of(names[_FEW_MODELS], 1.05),
        own=names[many],
        reference=names[_FEW_MODELS],
    )
    sizes = {name: size for size, name in names.items()}
    subjects: list[Subject] = []
    for size, name in names.items():
        bench.tell(f"catalogue: preparing {name}")
        subjects.append(gateway.prepare(bench.folder / f"home-{size}", name=name, models=size))

    # Both run all the time, of which only one is loaded: the large one takes long to start.
    with ExitStack() as stack:
        upstream = stack.enter_context(fast_upstream(bench.cores, bench.folder / "upstream"))
        both: dict[str, Running] = {}

        def measure(subject: Subject) -> Mapping[str, float]:
            name = subject.name
            if name not in both:
                one = running(subject, upstream, bench.cores, bench.folder / name)
                both[name] = stack.enter_context(one)
            ids = gateway.model_ids(_ASKED_MODELS, sizes[name])
            return {figure.key: loaded(bench, subject, both[name], ids).cpu_per_request * MICRO}

        bench.interleave("catalogue", [figure], measure, subjects, more=True)
    return [figure]


def big_body(bench: Bench) -> list[Figure]:
    """CPU time that five megabytes of picture in a request add to it."""
    figure = Figure(
        "big-body",
        "CPU time that a 5 MB body adds",
        "ms",
        must="at most 15 ms",
        judge=at_most(15.0),
    )
    count = bench.scale.large_bodies
    picture = base64.b64encode(Random(1).randbytes(_LARGE * 3 // 4)).decode()
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
    large = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]

    def measure(subject: Subject) -> Mapping[str, float]:
        with bench.scripted(subject) as (started, _):
            small_body = json.dumps(started.chat.body()).encode()
            large_body = json.dumps(started.chat.body(messages=large)).encode()
            _each(started, large_body, 2)
            small = _each(started, small_body, count * 5)
            return {figure.key: (_each(started, large_body, count) - small) * 1e3}

    bench.interleave("big-body", [figure], measure)
    return [figure]


ROWS: dict[str, Callable[[Bench], list[Figure]]] = {
    "throughput": throughput,
    "latency": latency,
    "stream-cpu": stream_cpu,
    "stream-memory": stream_memory,
    "start": start,
    "install": install,
    "catalogue": catalogue,
    "big-body": big_body,
    "translation": translation,
}


def _note_trouble(note: Callable[[str], None], through: open_loop.Latencies) -> None:
    if through.failed:
        note("some requests failed or were not answered in time")
    if through.client_late > _LATE:
        note(f"the client itself was late by more than {_LATE * 1e3:g} ms (p99)")


def _each(started: Running, body: bytes, count: int) -> float:
    """Seconds of CPU time per request, of so many one after the other."""
    chat: Chat = started.chat
    connection = http.client.HTTPConnection("127.0.0.1", chat.port, timeout=30)
    before = cpu_seconds(started.pid)
    try:
        for _ in range(count):
            connection.request("POST", chat.path, body, chat.head())
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise Failed(f"{answer.status}: {text[:200].decode(errors='replace')}")
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    return (cpu_seconds(started.pid) - before) / count
