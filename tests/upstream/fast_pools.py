"""A look into the pools of a fast transport."""

from tollhouse.upstream.fast_connection import Connection
from tollhouse.upstream.fast_pool import Pool
from tollhouse.upstream.fast_transport import FastTransport


def pool_of(transport: FastTransport) -> Pool:
    """Its one pool."""
    (pool,) = transport._pools.values()
    return pool


def busy(transport: FastTransport) -> list[Connection]:
    """Its connections that carry an exchange."""
    return [one for pool in transport._pools.values() for one in pool._alive - pool._idle.keys()]


def slots(transport: FastTransport) -> tuple[int, int, int]:
    """How many slots of its one pool are free, how many taken, and how many wait for one."""
    pool = pool_of(transport)
    return pool._free, len(busy(transport)), len(pool._waiting)
