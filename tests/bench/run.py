"""Measures the gateway beside its peers, side by side in one run, and prints the contract's table.

    python tests/bench/run.py                              everything, with nginx as the only peer
    python tests/bench/run.py --peers-dir ~/.cache/peers --install-peers
                                                           the peers too, installed where missing
    python tests/bench/run.py --quick                      a few seconds per row: does it work
    python tests/bench/run.py --only throughput,stream-cpu --peers nginx,envoy --rounds 7
    python tests/bench/run.py --only translation --peers litellm,portkey --peers-dir ~/.cache/peers
    python tests/bench/run.py --json result.json --chart result.svg

It runs on Linux, in an environment with the gateway installed (``pip install -e .``); ``taskset``
is needed, ``wrk`` for the rows with closed-loop load, and nginx is the upstream and a peer where it
is installed. What is measured has one core for itself (``--core``), and everything else, this
program included, runs on another (``--load-core``): the machine needs two, with nothing else to do.
With every peer it takes about 28 minutes. All sockets are on loopback, all files below a temporary
folder, and only processes started here are ended. Exit codes: 0 measured, 1 something could not be
measured, 2 wrong use.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

if __package__ in (None, ""):
    # In place of this folder, whose modules are no top-level ones.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import gateway, installs, peers, table
from bench.chart import svg
from bench.figures import Figure
from bench.machine import described, raise_file_limit
from bench.process import Cores, Failed
from bench.rounds import QUICK, Bench, Scale
from bench.rows import ROWS
from bench.subjects import Subject

ROOT = Path(__file__).resolve().parents[2]
_BUSY = 0.5
"""Load average from which on something else is running."""


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; its exit code."""
    asked = _parser().parse_args(arguments)
    if asked.install_peers and asked.peers_dir is None:
        return _wrong("--install-peers needs --peers-dir: the folder to install them into")
    if sys.platform != "linux" or shutil.which("taskset") is None:
        return _wrong("Linux and taskset are needed: what is measured must be alone on a core")
    cores = Cores(asked.core, asked.load_core)
    try:
        os.sched_setaffinity(0, _numbers(cores.load))
    except (ValueError, OSError):
        return _wrong(f"this machine has no core {cores.load}: choose another --load-core")
    raise_file_limit()
    # Told to end, it ends what it has started and removes its files, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if os.getloadavg()[0] > _BUSY:
        _tell("the machine is busy with something else: the figures will mean little")
    if asked.install_peers:
        installs.install_peers(asked.peers_dir, _tell, asked.peers)
    folder = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir=asked.work_dir))
    figures: list[Figure] = []
    facts: dict[str, str] = {}
    finished = False
    try:
        bench = _prepared(asked, cores, folder)
        facts |= _facts(bench)
        _measure(bench, asked.only, figures)
        finished = True
    except Failed as error:
        _tell(f"the rest was not measured: {error}")
    except KeyboardInterrupt:
        _tell("interrupted: the rest was not measured")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not figures:
        return 1
    sys.stdout.write(table.text(figures, facts))
    if asked.json:
        told = {"machine": facts, "figures": [figure.plain() for figure in figures]}
        asked.json.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    if asked.chart:
        asked.chart.write_text(svg(figures, facts))
    failed = any(one.failed for figure in figures for one in figure.series.values())
    return 1 if failed or not finished else 0


def _measure(bench: Bench, names: list[str], figures: list[Figure]) -> None:
    """Measure these rows; what is finished is in ``figures`` even if the rest is not."""
    for name in names:
        began = time.monotonic()
        figures += ROWS[name](bench)
        _tell(f"{name}: took {time.monotonic() - began:.0f} s")


def _prepared(asked: argparse.Namespace, cores: Cores, folder: Path) -> Bench:
    scale = QUICK if asked.quick else Scale()
    if asked.rounds:
        scale = replace(scale, rounds=asked.rounds, more_rounds=asked.rounds)
    _tell("preparing the gateway")
    return Bench(
        scale,
        cores,
        folder,
        gateway.prepare(folder / "home"),
        _chosen(peers.present(asked.peers_dir), asked.peers),
        _tell,
        ROOT,
        peer_folder=asked.peers_dir,
        install=not asked.no_install,
    )


def _facts(bench: Bench) -> dict[str, str]:
    """What a reader must know of the run."""
    cores, scale = bench.cores, bench.scale
    rounds = f"{scale.rounds}, interleaved"
    if scale.more_rounds != scale.rounds:
        rounds += f"; {scale.more_rounds} of throughput, stream-cpu, catalogue and translation"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        **described(),
        "pinned": f"measured on core {cores.subject}, load and upstream on core {cores.load}",
        "rounds": rounds,
        "subjects": ", ".join(f"{one.name} {one.version()}" for one in bench.subjects),
    }


def _parser() -> argparse.ArgumentParser:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", type=_rows, default=list(ROWS), metavar="ROW,…", help=", ".join(ROWS)
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run: its figures mean little")
    parser.add_argument("--rounds", type=int, choices=range(1, 51), metavar="N", help="1 to 50")
    parser.add_argument(
        "--peers", type=_names, metavar="NAME,…", help="only these; none: no peer at all"
    )
    parser.add_argument(
        "--peers-dir", type=_folder, metavar="DIR", help="where peers are installed"
    )
    parser.add_argument("--install-peers", action="store_true", help="install the missing ones")
    parser.add_argument("--no-install", action="store_true", help="do not install to weigh it")
    parser.add_argument("--core", default="0", metavar="N", help="for what is measured")
    parser.add_argument("--load-core", default="1", metavar="N", help="for all else; 1-3 for many")
    parser.add_argument("--work-dir", type=_folder, metavar="DIR", help="for temporary files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw the medians")
    return parser


def _rows(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}")
    return names


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(","))


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _chosen(found: list[Subject], names: frozenset[str] | None) -> list[Subject]:
    if names is None:
        return found
    for name in sorted(names - {one.name for one in found} - {"none"}):
        _tell(f"{name} is not installed and is left out")
    return [one for one in found if one.name in names]


def _numbers(cores: str) -> set[int]:
    """The cores that ``taskset`` would understand."""
    found: set[int] = set()
    for part in cores.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def _wrong(sentence: str) -> int:
    _tell(sentence)
    return 2


def _tell(sentence: str) -> None:
    sys.stderr.write(f"bench: {sentence}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
