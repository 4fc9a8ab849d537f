"""The figures as one SVG file: a panel of bars for each, the judged one marked.

Readable on light and dark grounds, without scripts, fonts or anything fetched.
"""

from collections.abc import Mapping, Sequence
from html import escape

from bench.figures import GATEWAY, Figure
from bench.table import number

_WIDTH = 860
_LABEL = 150
_BARS = 520
_LINE = 22
_TOP = 64
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600; fill: #24292f } .head { font-size: 18px }
  .bar { fill: #8c959f } .own { fill: #0969da } .spread { stroke: #57606a; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .title { fill: #f0f6fc }
    .bar { fill: #6e7681 } .own { fill: #4493f8 } .spread { stroke: #d1d7e0 }
  }"""


def svg(figures: Sequence[Figure], facts: Mapping[str, str]) -> str:
    """A chart of what was measured; of the latencies only the middle load's ends."""
    parts: list[str] = []
    y = _TOP
    for figure in figures:
        if not _shown(figure):
            continue
        parts += _panel(figure, y)
        y += _LINE * (len(figure.series) + 2)
    about = " · ".join(facts.get(name, "") for name in ("cpu", "date"))
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" role="img">',
        f"<title>Tollhouse beside its peers, {escape(about)}</title>",
        f"<style>{_STYLE}</style>",
        f'<text class="title head" x="16" y="28">{GATEWAY.title()} beside its peers</text>',
        f'<text x="16" y="46">{escape(about)}</text>',
    ]
    return "\n".join([*head, *parts, "</svg>"]) + "\n"


def _shown(figure: Figure) -> bool:
    wanted = not figure.group or figure.key in {"latency-50-p50", "latency-50-p99"}
    return wanted and any(series.samples for series in figure.series.values())


def _panel(figure: Figure, top: int) -> list[str]:
    better = "more is better" if figure.more_is_better else "less is better"
    title = f"{figure.title}{f', {figure.unit}' if figure.unit else ''} ({better})"
    parts = [f'<text class="title" x="16" y="{top + 14}">{escape(title)}</text>']
    highest = max((max(one.samples) for one in figure.series.values() if one.samples), default=0)
    scale = _BARS / highest if highest > 0 else 0.0
    for row, (name, series) in enumerate(figure.series.items(), start=1):
        y = top + row * _LINE
        parts.append(f'<text x="{_LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        if not series.samples:
            parts.append(f'<text x="{_LABEL}" y="{y + 14}">not measured</text>')
            continue
        own = "bar own" if name == figure.own else "bar"
        long = max(1.0, series.median * scale)
        low, high = (_LABEL + max(0.0, one(series.samples) * scale) for one in (min, max))
        end = max(_LABEL + long, high) + 8
        parts += [
            f'<rect class="{own}" x="{_LABEL}" y="{y + 3}" width="{long:.1f}" height="14" rx="2"/>',
            f'<path class="spread" d="M{low:.1f} {y + 10}H{high:.1f}"/>',
            f'<text x="{end:.1f}" y="{y + 14}">{number(series.median)}</text>',
        ]
    return parts
