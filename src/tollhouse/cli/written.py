"""Documents as text that reads back to the same documents: JSON for programs, YAML for people."""

from typing import Any

import msgspec
import yaml

_BREAKS = frozenset("\x85\u2028\u2029")
"""Line breaks to YAML 1.1 that its other styles would fold into a space."""


class _Dumper(yaml.SafeDumper):
    """Quotes what holds an odd line break, which writes it as an escape."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if _BREAKS.isdisjoint(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def written(value: Any, *, as_json: bool) -> str:
    """A value as text that ends with a line feed."""
    if as_json:
        return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
