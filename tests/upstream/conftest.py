"""A provider to call."""

from fakes.transports import up

__all__ = ["up"]
