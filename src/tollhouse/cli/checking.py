"""``tollhouse check``: all that is wrong with the configuration and the catalogue."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .exits import ExitCode, Stop
from .options import DEFAULT_CONFIG, Config, FromStore, Json

if TYPE_CHECKING:
    from ..core.history import StoredCatalogue, StoredModel
    from ..settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    file: str
    """The file it is in; ``store`` for the store."""
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.message}"


def check(
    from_store: FromStore = False, config: Config = DEFAULT_CONFIG, as_json: Json = False
) -> None:
    """Check the settings and the catalogue; every problem is shown, exit code 1 if there is one."""
    from ..settings import SettingsInvalid, load

    if not config.is_file():
        raise Stop(f"there is no settings file {config}: name yours with --config")
    count = 0
    try:
        settings = load(config, os.environ)
    except SettingsInvalid as invalid:
        findings = [Finding(str(config), one.path, one.message) for one in invalid.faults]
        findings += _read_seeds(_seed_files(config), None).findings
    else:
        findings, count = _check_catalogue(settings, from_store=from_store)
    if as_json:
        from .show import print_json

        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(finding)
        if not findings:
            print(f"{config} and its {count} models have no fault.")
    if findings:
        raise typer.Exit(ExitCode.FINDING)


@dataclass(slots=True)
class _Seeds:
    """The bodies of seed files as far as they can be read, and what is wrong with them."""

    bodies: dict[str, tuple[Path, int, dict[str, Any]]]
    """By id: the file, the index there, the body; of two with one id the first counts."""
    findings: list[Finding]
    prompts: dict[str, dict[str, Any]]
    """System prompts by id."""


def _check_catalogue(settings: "Settings", *, from_store: bool) -> tuple[list[Finding], int]:
    """What is wrong with the seeds, or with the store's catalogue, and how many models that has."""
    if from_store:
        return asyncio.run(_check_store(settings))
    from ..core.history import StoredCatalogue
    from ..system import SystemClock
    from .catalogues import stored_prompt

    seeds = _read_seeds(settings.catalogue.files, settings)
    now = SystemClock.now()
    models = [_as_stored(body, settings, now) for _, _, body in seeds.bodies.values()]
    prompts = [stored_prompt(body, now) for body in seeds.prompts.values()]
    compiled = (
        Finding(str(file), f"models[{index}].{path}", message)
        for model_id, path, message in _compile(settings, StoredCatalogue(0, models, prompts))
        for file, index, _ in (seeds.bodies[model_id],)
    )
    return list(dict.fromkeys([*seeds.findings, *compiled])), len(models)


async def _check_store(settings: "Settings") -> tuple[list[Finding], int]:
    from .desk import open_desk

    async with open_desk(settings) as desk:
        stored = await desk.store.load()
    found = _compile(settings, stored)
    findings = [Finding("store", f"{model_id}: {path}", text) for model_id, path, text in found]
    return findings, len(stored.models)


def _compile(settings: "Settings", stored: "StoredCatalogue") -> Iterator[tuple[str, str, str]]:
    from ..app import environment_of
    from ..catalogue.compile import CatalogueInvalid, Compiler

    try:
        Compiler(environment_of(settings)).compile(stored)
    except CatalogueInvalid as invalid:
        yield from ((one.model_id, one.path, one.message) for one in invalid.faults)


def _read_seeds(files: Sequence[Path], settings: "Settings | None") -> _Seeds:
    import yaml

    from ..app import sealer
    from ..catalogue.seeds import read_seeds
    from ..core.errors import CallerError

    seal = sealer(settings.auth.secret_key if settings else None)
    seeds = _Seeds({}, [], {})
    for file in files:
        try:
            content = yaml.safe_load(file.read_bytes())
            read_seeds(content, seal=seal)
        except OSError as error:
            seeds.findings.append(Finding(str(file), "file", f"cannot be read: {error.strerror}"))
            continue
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f"line {mark.line + 1}" if mark else "file"
            seeds.findings.append(Finding(str(file), line, "is not YAML"))
            continue
        except CallerError as error:
            seeds.findings += (Finding(str(file), one.path, one.message) for one in error.fields)
        for index, body in _bodies(content):
            seeds.bodies.setdefault(body["model_id"], (file, index, body))
        for body in _sound_prompts(content):
            seeds.prompts.setdefault(body["prompt_id"], body)
    return seeds


def _bodies(content: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The models that can be told apart, with their places."""
    models = content.get("models") if isinstance(content, dict) else None
    for index, body in enumerate(models if isinstance(models, list) else ()):
        if isinstance(body, dict) and isinstance(body.get("model_id"), str):
            yield index, body


def _sound_prompts(content: Any) -> Iterator[dict[str, Any]]:
    """The system prompts that have no fault."""
    from ..catalogue.seeds import read_seeds
    from ..core.errors import CallerError

    prompts = content.get("prompts") if isinstance(content, dict) else None
    for body in prompts if isinstance(prompts, list) else ():
        with suppress(CallerError):
            yield from read_seeds({"prompts": [body]}).prompts


def _as_stored(body: dict[str, Any], settings: "Settings", now: float) -> "StoredModel":
    """A seed as it would be kept, faulty ones too, so that the links between all are checked."""
    from ..catalogue.documents.fields import write_time
    from ..catalogue.writing import READ_ONLY
    from ..core.errors import CallerError
    from ..core.history import StoredModel
    from .catalogues import stored_seed
    from .exchange import ANY_UID

    try:
        return stored_seed(body, settings, now)
    except CallerError:
        draft = {name: value for name, value in body.items() if name not in READ_ONLY}
        if isinstance(draft.get("connection"), dict):
            draft["connection"] = {**draft["connection"]}
            draft["connection"].pop("api_key", None)
        stamps = {"uid": ANY_UID, "version": 1, "source": "seed", "created_by": ""}
        times = {"created_at": write_time(now), "updated_at": write_time(now), "updated_by": ""}
        return StoredModel(body["model_id"], 1, {**draft, **stamps, **times})


def _seed_files(config: Path) -> list[Path]:
    """The seed files that settings name, where the settings themselves cannot be used."""
    from ..settings.document import read

    values, _ = read(config, os.environ)
    section = values.get("catalogue")
    named = section.get("files") if isinstance(section, dict) else None
    base = config.absolute().parent
    names = named if isinstance(named, list) else []
    places = [base / name for name in names if isinstance(name, str)]
    return [place for place in places if place.is_file()]
