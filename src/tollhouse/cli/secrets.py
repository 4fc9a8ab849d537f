"""``tollhouse secrets``: the key that seals what the store keeps.

No key is ever an argument: those stand in the list of processes and in the shell's history.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .exits import ExitCode, Stop, tell, wrong_use
from .options import DEFAULT_CONFIG, Config, Json

if TYPE_CHECKING:
    from ..store.resealing import Place, Resealed
    from .desk import Desk

app = typer.Typer(help="The key that seals provider credentials in the store.")


@app.callback()
def _group() -> None:
    """Keep the command's name: a group of one would lose it."""


@app.command("rotate")
def rotate(
    old_key_file: Annotated[
        list[Path] | None,
        typer.Option(help="A file with an earlier key, beside auth.previous_secret_keys."),
    ] = None,
    new_key_file: Annotated[
        Path | None, typer.Option(help="A file with the new key, in place of auth.secret_key.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Seal every stored provider key with auth.secret_key, opening it with an earlier one.

    Gateways must know both keys before: the new one as auth.secret_key, the earlier one in
    auth.previous_secret_keys. All keys are changed or none; a second run finds what is left.
    Exit code 1 when there are keys that cannot be opened.
    """
    from .desk import at_desk

    async def work(desk: "Desk") -> "Resealed":
        auth = desk.settings.auth
        new = _read(new_key_file) if new_key_file else auth.secret_key
        if new is None:
            raise wrong_use("there is no new key: set auth.secret_key or give --new-key-file")
        old = [*auth.previous_secret_keys, *map(_read, old_key_file or ())]
        return await _reseal(desk, new, old, dry_run=dry_run)

    found = at_desk(config, work)
    _tell(found, dry_run=dry_run, as_json=as_json)
    if found.shut:
        raise typer.Exit(ExitCode.FINDING)


async def _reseal(desk: "Desk", new: bytes, old: Sequence[bytes], *, dry_run: bool) -> "Resealed":
    import os

    from ..identity import sealing
    from ..store.sql import open_store

    def anew(sealed: str) -> str | None:
        try:
            sealing.unseal(new, sealed)
        except sealing.WrongKey:
            pass
        except sealing.Unsealable:
            return None
        else:
            return sealed
        try:
            text = sealing.unseal_with(old, sealed)
        except sealing.Unsealable:
            return None
        return sealing.seal(new, text, os.urandom(sealing.NONCE_BYTES))

    def event(found: "Resealed") -> Any:
        told = {"sealed_with": sealing.key_id(new), **_counts(found)}
        return desk.plane.trail.event(
            desk.by, "secrets.rotated", "auth.secret_key", org=None, after=told
        )

    store = open_store(desk.settings.store.url)
    try:
        return await store.reseal(anew, event, dry_run=dry_run)
    finally:
        await store.aclose()


def _read(file: Path) -> bytes:
    from ..settings.strength import sealing_key

    try:
        return sealing_key(file.read_text(encoding="ascii").strip())
    except UnicodeDecodeError:
        raise wrong_use(f"{file} holds no key: it must be base64") from None
    except ValueError as error:
        raise wrong_use(f"{file} holds no key: it {error}") from None
    except OSError as error:
        raise Stop(f"{file}: {error.strerror or 'cannot be read'}") from None


def _counts(found: "Resealed") -> dict[str, int]:
    return {
        "resealed": len(found.done),
        "already": len(found.right),
        "unopened": len(found.shut),
    }


def _tell(found: "Resealed", *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        from .show import print_json

        shut = [{"model_id": one.model_id, "version": one.version} for one in found.shut]
        print_json({"dry_run": dry_run, **_counts(found), "unopened": shut})
    else:
        verb = "would be" if dry_run else "were"
        print(f"{len(found.done)} keys {verb} sealed anew; {len(found.right)} had the new key.")
    for place in found.shut:
        tell(f"{_named(place)}: no key that was given opens it; give the provider's key again")


def _named(place: "Place") -> str:
    where = "" if place.version is None else f" (version {place.version} of its history)"
    return f"{place.model_id}{where}"
