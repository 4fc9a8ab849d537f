"""The figures as text: the contract's rows first, then every subject of every figure."""

from collections.abc import Iterable, Mapping, Sequence

from bench.figures import Figure, Series

_MARK = {True: "reached", False: "MISSED", None: "-"}


def text(figures: Sequence[Figure], facts: Mapping[str, str]) -> str:
    """All of it."""
    parts = [_facts(facts), summary(figures)]
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        if any(series.samples or series.notes for series in figure.series.values()):
            groups.setdefault(figure.group or figure.key, []).append(figure)
    parts += [_grouped(one) if one[0].group else _single(one[0]) for one in groups.values()]
    return "\n\n".join(parts) + "\n"


def summary(figures: Sequence[Figure]) -> str:
    """One line for each figure that must reach something."""
    rows = [("figure", "must be", "is", "")]
    for figure in figures:
        if figure.must and figure.series:
            own = figure.median(figure.own)
            said = "not measured" if own is None else f"{number(own)} {figure.unit}".strip()
            rows.append((figure.title, figure.must, said, _MARK[figure.reached]))
    return "\n".join(_aligned(rows, left=(0, 1)))


def number(value: float) -> str:
    """A figure with as many digits as mean anything."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}".replace(",", " ")
    digits = 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{value:.{digits}f}"


def _single(figure: Figure) -> str:
    rows = [("", f"median{f', {figure.unit}' if figure.unit else ''}", "min - max", "ratio")]
    rows += [_row(figure, name, series) for name, series in figure.series.items()]
    better = "more is better" if figure.more_is_better else "less is better"
    lines = [f"{figure.title} ({better})", *_aligned(rows, left=(0,))]
    return "\n".join(lines + _notes([figure]))


def _row(figure: Figure, name: str, series: Series) -> tuple[str, str, str, str]:
    if not series.samples:
        return name, "-", "", ""
    ratio = figure.ratio(name)
    return (
        name,
        number(series.median),
        f"{number(min(series.samples))} - {number(max(series.samples))}",
        "" if ratio is None else f"{ratio:.2f}",
    )


def _grouped(members: Sequence[Figure]) -> str:
    rows = [("", *(f"{figure.column}, {figure.unit}" for figure in members))]
    rows += [(name, *(_cell(one.of(name)) for one in members)) for name in members[0].series]
    lines = [f"{members[0].group}: median (min - max)", *_aligned(rows, left=(0,))]
    return "\n".join(lines + _notes(members))


def _cell(series: Series) -> str:
    if not series.samples:
        return "-"
    low, high = min(series.samples), max(series.samples)
    return f"{number(series.median)} ({number(low)} - {number(high)})"


def _notes(members: Iterable[Figure]) -> list[str]:
    said: dict[str, None] = {}
    for figure in members:
        for name, series in figure.series.items():
            said.update({f"  {name}: {note}": None for note in series.notes})
    return list(said)


def _facts(facts: Mapping[str, str]) -> str:
    width = max(len(name) for name in facts)
    return "\n".join(f"{name:{width}}  {value}" for name, value in facts.items())


def _aligned(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
