"""A bar on a terminal's stderr for what takes long; nothing where nobody looks."""

from collections.abc import Collection, Iterable
from typing import TypeVar

T = TypeVar("T")


def tracked(items: Collection[T], description: str) -> Iterable[T]:
    """The items one after the other, with a bar that is gone at the end."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        items,
        description=description,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
