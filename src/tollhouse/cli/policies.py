"""``tollhouse test``: policy tests, which say who may use what and who serves it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .configuration import load_settings
from .exits import ExitCode, wrong_use
from .options import DEFAULT_CONFIG, Config, FromStore, Json

if TYPE_CHECKING:
    from ..settings import Settings
    from .catalogues import Source
    from .policy_file import Case


def run_tests(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Policy tests.")],
    from_store: FromStore = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Run policy tests; exit code 1 if one does not hold."""
    from ..system import SystemClock
    from .catalogues import of_either
    from .policy_file import read_cases

    settings, now = load_settings(config), SystemClock.now()
    cases, faults = read_cases(files)
    if faults:
        raise wrong_use(*faults)
    source = asyncio.run(of_either(settings, now, from_store=from_store))
    results = [_result(case, source, settings, now) for case in cases]
    if as_json:
        from .show import print_json

        print_json(results)
    else:
        _print(results)
    if not all(result["passed"] for result in results):
        raise typer.Exit(ExitCode.FINDING)


def _result(case: "Case", source: "Source", settings: "Settings", now: float) -> dict[str, Any]:
    """What was expected of a case, and what holds."""
    from ..pipeline.explain import explain
    from .asking import member, needs_of

    plan = case.plan or source.plans.get(case.org or "")
    if plan is None:
        raise wrong_use(f"{case.place}: {case.org!r} is no known org: say its plan")
    try:
        needs = needs_of(source.snapshot, case.endpoint, case.needs, max_tokens=case.max_tokens)
    except ValueError as error:
        raise wrong_use(f"{case.place}: {error}") from None
    told = explain(
        source.snapshot,
        case.model,
        member(case.org, plan),
        needs,
        now if case.at is None else case.at,
        max_hops=settings.failover.max_attempts,
    )
    return {
        "test": case.place,
        "name": case.name,
        "passed": case.holds(told),
        "expected": case.expected(),
        "actual": _actual(told),
    }


def _actual(told: dict[str, Any]) -> dict[str, Any]:
    if told["allowed"]:
        return {"allow": [hop["model"] for hop in told["hops"]]}
    reasons = [reason["message"] for check in told["checks"] for reason in check["reasons"]]
    return {"refuse": told["code"], "reasons": reasons}


def _print(results: list[dict[str, Any]]) -> None:
    from .show import cell

    failed = [result for result in results if not result["passed"]]
    for result in failed:
        print(f"FAILED {result['test']}: {result['name']}")
        for sign, side in (("-", result["expected"]), ("+", result["actual"])):
            verb = "allow" if "allow" in side else "refuse"
            print(f"  {sign} {verb}: {cell(side[verb])}")
        for reason in result["actual"].get("reasons", ()):
            print(f"    {reason}")
    print(f"{len(results) - len(failed)} of {len(results)} policy tests hold.")
