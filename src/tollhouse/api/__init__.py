"""The data plane: ASGI in, ASGI out, and nothing decided here."""
