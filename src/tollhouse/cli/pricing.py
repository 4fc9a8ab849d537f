"""``tollhouse models import --prices``: shows what would change, asks, and writes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .exits import tell, wrong_use

if TYPE_CHECKING:
    from .desk import Desk
    from .price_import import PricePlan, Wishes

_CHANGES = ("model_id", "entry", "field", "old", "new")
_REMARKS = ("model_id", "field", "value", "reason")


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """The mapping that ``MODEL=ENTRY`` options spell; an id may itself hold an equals sign."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        model_id, equals, entry = pair.rpartition("=")
        if not equals or not model_id or not entry:
            raise wrong_use(f"--map takes MODEL_ID=ENTRY, not {pair!r}")
        if model_id in mapping:
            raise wrong_use(f"--map names {model_id} twice")
        mapping[model_id] = entry
    return mapping


def import_prices(
    config: Path, source: str, wishes: "Wishes", *, dry_run: bool, sure: bool, as_json: bool
) -> None:
    """Take the prices of a list over into the models of the store.

    Without a terminal to ask on, ``sure`` or ``dry_run`` is required before anything is read.
    """
    if not (dry_run or sure or sys.stdin.isatty()):
        raise wrong_use("there is no terminal to ask on: give --yes, or --dry-run to look only")
    from .desk import at_desk
    from .price_import import keep_prices, plan_prices, read_book

    async def make(desk: "Desk") -> "PricePlan":
        plan = await plan_prices(desk, read_book(source, desk.clock.now()), wishes)
        if plan.patches:
            await keep_prices(desk, plan, dry_run=True)
        return plan

    plan = at_desk(config, make)
    if not as_json:
        _show(plan)
    written = bool(plan.patches) and not dry_run and (sure or _agreed(plan))
    if written:
        at_desk(config, lambda desk: keep_prices(desk, plan))
    if as_json:
        from .show import print_json

        print_json(plan.shown(written=written))
    elif plan.patches:
        print("Written." if written else "Nothing was written.")


def _agreed(plan: "PricePlan") -> bool:
    count = len(plan.patches)
    return typer.confirm(
        f"Change the prices of {count} model{'' if count == 1 else 's'}?", default=False, err=True
    )


def _show(plan: "PricePlan") -> None:
    from .show import print_table

    print_table(_CHANGES, _rows(plan.changes, _CHANGES), empty="No price changes.")
    for title, remarks in (
        ("Has no place", plan.unplaced),
        ("Cannot be read, so the model stays as it is", plan.unreadable),
    ):
        if remarks:
            print(f"\n{title}:")
            print_table(_REMARKS, _rows(remarks, _REMARKS), empty="")
    for model in plan.unmatched:
        choice = ", ".join(model.candidates)
        hint = f"could be {choice}: choose with --map" if choice else "is not in the list"
        tell(f"{model.model_id} {hint}")


def _rows(items: Sequence[Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: getattr(item, name) for name in columns} for item in items]
