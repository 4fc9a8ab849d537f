"""Calling providers over the network: the only room that knows sockets and httpx."""
