"""``python -m tollhouse`` and the ``tollhouse`` command."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from .cli.program import run  # noqa: PLC0415 - a worker process imports this file and needs none

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
