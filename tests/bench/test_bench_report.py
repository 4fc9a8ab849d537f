"""What the bench makes of its samples: medians, ratios, verdicts, a table, JSON, a chart."""

import json
from xml.etree import ElementTree as ET

import pytest

from bench import run, table
from bench.chart import svg
from bench.figures import Figure, at_least, at_least_of, at_most, at_most_of

FACTS = {"cpu": "An <old> CPU", "date": "2026-01-02"}


@pytest.fixture(name="figure")
def _figure() -> Figure:
    """Requests per second of three subjects, one of which would not start."""
    made = Figure(
        "throughput",
        "chat requests/s",
        "requests/s",
        more_is_better=True,
        must="at least the peer's",
        judge=at_least_of("peer"),
    )
    made.of("tollhouse").samples = [11_000.0, 12_000.0, 10_000.0]
    made.of("peer").samples = [5_500.0, 5_400.0, 5_600.0]
    made.of("broken").fail("it ended by itself")
    return made


def test_subjects_are_compared_by_their_medians(figure: Figure) -> None:
    """The ratio is to the gateway; a subject without samples has none."""
    assert figure.ratio("tollhouse") == 1.0
    assert figure.ratio("peer") == 0.5
    assert figure.ratio("broken") is None
    assert figure.reached is True


def test_nothing_is_reached_without_the_peer(figure: Figure) -> None:
    """A comparison needs both sides."""
    del figure.series["peer"]
    assert figure.reached is None


@pytest.mark.parametrize(("value", "reached"), [(90.0, True), (90.1, False)])
def test_a_limit_may_be_met_exactly(value: float, reached: bool) -> None:  # noqa: FBT001
    """At most means at most."""
    figure = Figure("memory", "memory", "MB", must="at most 90 MB", judge=at_most(90.0))
    figure.of("tollhouse").samples = [value]
    assert figure.reached is reached


@pytest.mark.parametrize(("value", "reached"), [(3_000.0, True), (2_999.0, False)])
def test_a_rate_may_be_just_enough(value: float, reached: bool) -> None:  # noqa: FBT001
    """At least means at least."""
    figure = Figure("rate", "rate", "requests/s", must="at least 3 000", judge=at_least(3_000))
    figure.of("tollhouse").samples = [value]
    assert figure.reached is reached


def test_a_share_of_another_is_judged_by_both_medians() -> None:
    """As of two catalogues, whose names are not the gateway's."""
    figure = Figure("c", "c", "µs", must="within 5 %", judge=at_most_of("few", 1.05), own="many")
    figure.of("few").samples = [100.0]
    figure.of("many").samples = [104.0, 106.0, 104.0]
    assert figure.reached is True


def test_the_table_tells_medians_spread_ratio_and_what_failed(figure: Figure) -> None:
    """And first of all what must be reached."""
    told = table.text([figure], FACTS)
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "chat requests/s at least the peer's 11 000 requests/s reached" in lines
    assert "tollhouse 11 000 10 000 - 12 000 1.00" in lines
    assert "peer 5 500 5 400 - 5 600 0.50" in lines
    assert "broken: not measured: it ended by itself" in lines
    assert "date 2026-01-02" in lines


def test_figures_of_a_group_are_columns_of_one_table() -> None:
    """As the percentiles of one load are."""
    figures = [Figure(f"l-{p}", "", "ms", group="latency", column=p) for p in ("p50", "p99")]
    for figure, value in zip(figures, (0.25, 1.5), strict=True):
        figure.of("tollhouse").samples = [value]
    lines = [" ".join(line.split()) for line in table.text(figures, FACTS).splitlines()]
    assert "p50, ms p99, ms" in lines
    assert "tollhouse 0.25 (0.25 - 0.25) 1.50 (1.50 - 1.50)" in lines


def test_json_has_every_sample(figure: Figure) -> None:
    """And survives being written and read."""
    told = json.loads(json.dumps(figure.plain()))
    assert told["reached"] is True
    assert told["subjects"]["peer"]["samples"] == [5_500.0, 5_400.0, 5_600.0]
    assert told["subjects"]["broken"] == {
        "samples": [],
        "notes": ["not measured: it ended by itself"],
    }


def test_the_chart_is_sound_and_draws_a_bar_for_each_that_was_measured(figure: Figure) -> None:
    """The longest bar is the largest median; names are escaped."""
    root = ET.fromstring(svg([figure], FACTS))  # noqa: S314 - our own text
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert len(widths) == 2
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)


@pytest.mark.parametrize("wrong", [["--only", "speed"], ["--rounds", "0"], ["--install-peers"]])
def test_wrong_use_is_told_before_anything_starts(wrong: list[str]) -> None:
    """With exit code 2."""
    try:
        code: object = run.main(wrong)
    except SystemExit as end:
        code = end.code
    assert code == 2
