"""``tollhouse models``: the catalogue from the shell."""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from .exits import ExitCode, wrong_use
from .options import DEFAULT_CONFIG, Config, Json

if TYPE_CHECKING:
    from ..core.history import Document
    from .desk import Desk
    from .exchange import Drift, Imported

T = TypeVar("T")

app = typer.Typer(help="The catalogue: list, get, set, import, export, diff, retiring.")

Id = Annotated[str, typer.Argument(metavar="ID", help="The model_id.")]
_RETIRING = (
    *("model_id", "end_of_life_at", "replacement_model_id", "org", "key"),
    *("requests_24h", "cost_24h", "requests_7d", "cost_7d"),
)
Files = Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="Catalogue files.")]
Prices = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Take prices over instead: LiteLLM's model_prices_and_context_window.json, the JSON"
        " data of genai-prices, or the word genai-prices for the installed package.",
    ),
]
Mapped = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="ID=ENTRY", help="With --prices: this model's entry."),
]
WithLimits = Annotated[
    bool, typer.Option("--limits", help="With --prices: limits and capabilities too.")
]
Keeping = Annotated[
    bool, typer.Option("--keep", help="With --prices: keep what the list does not tell.")
]
Sure = Annotated[bool, typer.Option("--yes", help="With --prices: do not ask.")]
_COLUMNS = ("model_id", "type", "provider", "tier", "enabled", "lifecycle_state", "failover")


@app.command("list")
def list_models(
    kind: Annotated[str | None, typer.Option("--type", help="Only this type.")] = None,
    enabled: Annotated[bool | None, typer.Option(help="Only the enabled, or the others.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only of this brand.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only with this in an id, alias, tag or text.")
    ] = None,
    capability: Annotated[str | None, typer.Option(help="Only those known to have it.")] = None,
    org: Annotated[str | None, typer.Option(help="Only what is there for this org.")] = None,
    lifecycle: Annotated[
        str | None, typer.Option(help="active, deprecated, end_of_life or disabled.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """List the models of the store."""

    async def work(desk: "Desk") -> "list[Document]":
        from ..admin.catalogue_queries import ModelFilter
        from ..core.needs import ModelType

        if kind is not None and kind not in list(ModelType):
            raise wrong_use(f"--type takes one of {', '.join(ModelType)}")
        wanted = ModelFilter(
            type=None if kind is None else ModelType(kind),
            enabled=enabled,
            tag=tag,
            brand=brand,
            search=search,
            capability=capability,
            org=org,
            lifecycle=lifecycle,
        )
        await desk.live.load()
        count = max(1, len(desk.live.snapshot.models))
        page = desk.plane.catalogue.page(desk.caller, wanted, limit=count, cursor=None)
        return list(page.rows)

    from .show import print_rows

    rows = _at_desk(config, work)
    print_rows(rows, _COLUMNS, as_json=as_json, empty="There is no such model.")


@app.command("get")
def get_model(model_id: Id, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show one document, whole."""

    async def work(desk: "Desk") -> "Document":
        await desk.live.load()
        return desk.plane.catalogue.one(desk.caller, model_id)

    _print_document(_at_desk(config, work), as_json)


@app.command("set")
def set_model(
    model_id: Id,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE…",
            help="As enabled=false or limits.max_tokens=8192; null clears. A value that is not JSON"
            " is text.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A merge patch (RFC 7396) in JSON; - is standard input.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Change one model."""
    if bool(changes) is bool(file):
        raise wrong_use("give what to change as KEY=VALUE, or as --file, one of the two")
    patch = _patch_of(changes) if changes else _patch_in(file)

    async def work(desk: "Desk") -> "Document":
        from ..catalogue.writing import public_document

        stored = await desk.plane.models.patch(desk.by, model_id, patch)
        return public_document(stored.document, now=desk.clock.now())

    shown = _at_desk(config, work)
    if as_json:
        _print_document(shown, as_json=True)
    else:
        print(f"{shown['model_id']} is at version {shown['version']}.")


@app.command("import")
def import_models(
    files: Files = None,
    prices: Prices = None,
    mapping: Mapped = None,
    limits: WithLimits = False,
    keep: Keeping = False,
    sure: Sure = False,
    dry_run: Annotated[bool, typer.Option(help="Check all of it and change nothing.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Create or replace the models of catalogue files, or take prices over: all at once or none."""
    if (prices is None) is not bool(files):
        raise wrong_use("name the catalogue files to import, or a list with --prices")
    if prices is not None:
        from .price_import import Wishes
        from .pricing import import_prices, mapping_of

        wishes = Wishes(mapping_of(mapping or ()), limits, keep)
        import_prices(config, prices, wishes, dry_run=dry_run, sure=sure, as_json=as_json)
        return
    if mapping or limits or keep or sure:
        raise wrong_use("--map, --limits, --keep and --yes go with --prices")

    async def work(desk: "Desk") -> "Imported":
        from .exchange import bring_in, read_files

        return await bring_in(desk, read_files(files or (), desk.seal), dry_run=dry_run)

    done = _at_desk(config, work)
    from .show import print_json

    if as_json:
        print_json(done)
        return
    for verb, ids in done.told():
        print(f"{'would be ' if dry_run else ''}{verb}: {', '.join(ids) or 'none'}")


@app.command("export")
def export_models(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here, not on stdout.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Write the store's models, system prompts and orgs as a catalogue file, without secrets."""

    async def work(desk: "Desk") -> "Document":
        from .exchange import take_out

        return await take_out(desk)

    from .written import written

    text = written(_at_desk(config, work), as_json=as_json)
    if output is None:
        sys.stdout.write(text)
        return
    output.write_text(text, encoding="utf-8")


@app.command("diff")
def diff_models(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="Catalogue files; the seeds if none is named."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show where the store and its seed files differ; exit code 1 if they do."""

    async def work(desk: "Desk") -> "Sequence[Drift]":
        from .exchange import drift, read_files

        paths = files or list(desk.settings.catalogue.files)
        return await drift(desk, read_files(paths, desk.seal))

    found = _at_desk(config, work)
    from .show import print_rows

    rows = [one.shown() for one in found]
    columns = ("model_id", "field", "file", "store")
    print_rows(rows, columns, as_json=as_json, empty="The store has what the files have.")
    if rows:
        raise typer.Exit(ExitCode.FINDING)


@app.command("retiring")
def retiring_models(
    within: Annotated[str, typer.Option(help="How far to look ahead, as 30d or 12h.")] = "30d",
    org: Annotated[str | None, typer.Option(help="Only the calls of this org.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show who still calls models whose end of life is near."""
    from ..admin.times import read_duration

    seconds = read_duration(within)
    if seconds is None:
        raise wrong_use("--within takes a number of days, hours, minutes or seconds, as 30d or 12h")

    async def work(desk: "Desk") -> "list[Document]":
        await desk.live.load()
        return await desk.plane.retiring.report(desk.caller, within=seconds, org=org)

    found = _at_desk(config, work)
    from .show import print_json, print_rows

    if as_json:
        print_json(found)
        return
    rows = [row for model in found for row in _callers_of(model)]
    print_rows(rows, _RETIRING, as_json=False, empty="No model reaches its end of life by then.")


def _callers_of(model: "Document") -> "list[Document]":
    """A row for every caller of a model, or one that shows that it has none."""
    return [
        {
            **model,
            **{name: caller.get(name) for name in ("org", "key")},
            **{
                f"{what}_{span}": caller[f"last_{span}"][what]
                for span in ("24h", "7d")
                for what in ("requests", "cost")
            },
        }
        for caller in model["callers"] or [model]
    ]


def _at_desk(config: Path, work: "Callable[[Desk], Awaitable[T]]") -> T:
    from .desk import at_desk

    return at_desk(config, work)


def _patch_of(changes: list[str]) -> dict[str, Any]:
    """The merge patch that dotted assignments spell."""
    patch: dict[str, Any] = {}
    for change in changes:
        path, equals, text = change.partition("=")
        *above, last = path.split(".")
        if not equals or not all((*above, last)):
            raise wrong_use(f"{change!r} is not of the form key=value or key.key=value")
        here = patch
        for name in above:
            here = here.setdefault(name, {})
            if not isinstance(here, dict):
                raise wrong_use(f"{change!r} reaches into what another change sets whole")
        if last in here:
            raise wrong_use(f"{path} is given twice")
        here[last] = _value(text)
    return patch


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def _patch_in(file: Path | None) -> dict[str, Any]:
    from ..admin.bodies import parse_object

    body = sys.stdin.buffer.read() if file is None or str(file) == "-" else file.read_bytes()
    return parse_object(body)


def _print_document(document: "Document", as_json: bool) -> None:
    from .written import written

    sys.stdout.write(written(document, as_json=as_json))
