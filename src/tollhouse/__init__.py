"""Tollhouse: an LLM gateway that enforces a model catalogue at request time."""

__version__ = "0.1.0"
