"""``tollhouse secrets rotate``: from one sealing key to the next, none of them an argument."""

import base64
import json
import sqlite3
from pathlib import Path

import pytest

from cli.shell import SECRET_KEY, Shell, write_settings
from tollhouse.cli.exits import ExitCode
from tollhouse.identity import sealing

NEW_KEY = base64.b64encode(bytes(range(100, 132))).decode()
LOST_KEY = base64.b64encode(bytes(range(200, 232))).decode()
CANARY = "sk-canary-of-a-provider"


def bring(shell: Shell, model_id: str, key: str) -> None:
    """A model with a connection of its own, its key sealed with ``key``."""
    secrets(shell, key)
    document = {
        "model_id": model_id,
        "type": "completion",
        "connection": {
            "protocol": "openai",
            "base_url": "https://llm.example.com/v1",
            "api_key": CANARY,
        },
    }
    file = shell.site / f"{model_id}.json"
    file.write_text(json.dumps({"models": [document]}))
    ran = shell("models", "import", str(file))
    assert ran.code == 0, ran.err


def secrets(shell: Shell, key: str, *previous: str) -> None:
    """The site's settings with these keys."""
    auth = {"secret_key": key, "previous_secret_keys": list(previous)}
    write_settings(shell.site, auth=auth)


def opened(site: Path, key: str) -> list[bool]:
    """For each stored key whether this one opens it: those in force, then the history's."""
    store = sqlite3.connect(site / "store.db")
    rows = [
        *store.execute("SELECT document FROM tollhouse_models ORDER BY model_id"),
        *store.execute("SELECT document FROM tollhouse_model_versions ORDER BY model_id, version"),
    ]
    store.close()
    sealed = [json.loads(row[0]).get("connection", {}).get("api_key_sealed") for row in rows]
    return [_opens(key, one) for one in sealed if one is not None]


def _opens(key: str, sealed: str) -> bool:
    try:
        return sealing.unseal(base64.b64decode(key), sealed) == CANARY
    except sealing.Unsealable:
        return False


def test_keys_go_from_the_earlier_key_to_the_present_one(stocked: Shell) -> None:
    """The settings name both; every key is then opened by the present one alone."""
    bring(stocked, "mine", SECRET_KEY)
    secrets(stocked, NEW_KEY, SECRET_KEY)
    assert not any(opened(stocked.site, NEW_KEY))
    ran = stocked("secrets", "rotate")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "2 keys were sealed anew; 0 had the new key.\n"
    assert all(opened(stocked.site, NEW_KEY))
    secrets(stocked, NEW_KEY)
    assert stocked("models", "get", "mine").code == 0
    audit = stocked("audit", "--action", "secrets.rotated", "--json").json
    assert audit[0]["after"]["resealed"] == 2
    for text in (ran.out, json.dumps(audit)):
        assert CANARY not in text
        assert NEW_KEY not in text


def test_second_run_is_done_at_once(stocked: Shell) -> None:
    """It can be run again, after a run that was cut short too."""
    bring(stocked, "mine", SECRET_KEY)
    secrets(stocked, NEW_KEY, SECRET_KEY)
    stocked("secrets", "rotate")
    told = stocked("secrets", "rotate", "--json").json
    assert told == {
        "dry_run": False,
        "resealed": 0,
        "already": 2,
        "unopened": [],
    }


def test_dry_run_says_what_would_be_done(stocked: Shell) -> None:
    """And does none of it."""
    bring(stocked, "mine", SECRET_KEY)
    secrets(stocked, NEW_KEY, SECRET_KEY)
    ran = stocked("secrets", "rotate", "--dry-run")
    assert ran.out.startswith("2 keys would be sealed anew")
    assert not any(opened(stocked.site, NEW_KEY))


def test_keys_can_come_from_files(stocked: Shell) -> None:
    """Files hold them in base64, with or without a line's end."""
    bring(stocked, "mine", SECRET_KEY)
    old, new = stocked.site / "old.key", stocked.site / "new.key"
    old.write_text(SECRET_KEY)
    new.write_text(f"{NEW_KEY}\n")
    ran = stocked("secrets", "rotate", "--old-key-file", str(old), "--new-key-file", str(new))
    assert ran.code == 0, ran.err
    assert all(opened(stocked.site, NEW_KEY))


def test_key_that_nobody_can_open_is_named(stocked: Shell) -> None:
    """The rest is rotated; the exit code says that there is something left to do."""
    bring(stocked, "lost", LOST_KEY)
    write_settings(stocked.site, auth={"secret_key": LOST_KEY})
    bring(stocked, "mine", LOST_KEY)
    shut(stocked.site, "lost")
    secrets(stocked, NEW_KEY, LOST_KEY)
    ran = stocked("secrets", "rotate", "--json")
    assert ran.code == ExitCode.FINDING
    assert ran.json["unopened"] == [{"model_id": "lost", "version": None}]
    assert ran.sentences == ["lost: no key that was given opens it; give the provider's key again"]
    assert sum(opened(stocked.site, NEW_KEY)) == 3


def shut(site: Path, model_id: str) -> None:
    """Seal a stored key with a key that is lost."""
    store = sqlite3.connect(site / "store.db")
    sealed = sealing.seal(bytes(range(50, 82)), CANARY, b"n" * 12)
    query = "SELECT document FROM tollhouse_models WHERE model_id = ?"
    document = json.loads(store.execute(query, [model_id]).fetchone()[0])
    document["connection"]["api_key_sealed"] = sealed
    update = "UPDATE tollhouse_models SET document = ? WHERE model_id = ?"
    store.execute(update, [json.dumps(document, separators=(",", ":")), model_id])
    store.commit()
    store.close()


def test_without_a_new_key_there_is_nothing_to_seal_with(stocked: Shell) -> None:
    """Wrong use, said in a sentence."""
    write_settings(stocked.site, auth={})
    ran = stocked("secrets", "rotate")
    assert ran.code == ExitCode.WRONG_USE
    assert ran.sentences == ["there is no new key: set auth.secret_key or give --new-key-file"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 2), (b"short", 2), (b"\xff\xfe", 2), (base64.b64encode(b"x" * 32), 2), (None, 3)],
)
def test_file_without_a_key_is_refused(stocked: Shell, content: bytes | None, code: int) -> None:
    """What is in it is not repeated."""
    file = stocked.site / "bad.key"
    if content is not None:
        file.write_bytes(content)
    ran = stocked("secrets", "rotate", "--new-key-file", str(file))
    assert ran.code == code
    assert len(ran.sentences) == 1
    assert not content or content.decode("latin-1") not in ran.err
