"""What every closed set of names is made from."""

from enum import StrEnum


class Label(StrEnum):
    """Members that are strings in every way, and as quick to look up.

    A plain enumeration works out its hash by a call in Python, on every look-up.
    """

    __hash__ = str.__hash__
