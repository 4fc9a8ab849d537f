"""What the profile makes of sampled stacks."""

from bench.profile_gateway import flat

LOOP = "thread (1): MainThread;run (tollhouse/cli/process.py:38);relay (tollhouse/api/asgi.py:9)"


def test_own_time_is_the_innermost_function_s_and_rooms_are_charged_for_libraries() -> None:
    """Three samples in the loop itself, one in ours, four in a library that ours has called."""
    told = flat(
        [
            "thread (1): MainThread;run (tollhouse/cli/process.py:38) 3",
            f"{LOOP} 1",
            f"{LOOP};decode (other/json.py:1) 4",
        ],
        most=2,
    )
    assert told == [
        "of 8 samples",
        "",
        "   room",
        "  62.5%  api",
        "  37.5%  cli",
        "",
        "    own  with callees",
        "  50.0%         50.0%  decode (other/json.py:1)",
        "  37.5%        100.0%  run (tollhouse/cli/process.py:38)",
    ]


def test_other_threads_do_not_count() -> None:
    """A sample cannot tell one that waits from one that works."""
    told = flat([f"{LOOP} 1", "thread (2): uvloop_0;_worker (concurrent/thread.py:69) 9"], most=1)
    assert told[0] == "of 1 samples"
    assert told[3] == " 100.0%  api"
