"""``tollhouse models``: the catalogue from the shell."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.shell import CATALOGUE, Shell


def seed_with(**changes: Any) -> dict[str, Any]:
    """The site's catalogue with fields of its first model changed."""
    first, *rest = CATALOGUE["models"]
    return {**CATALOGUE, "models": [{**first, **changes}, *rest]}


def write(path: Path, content: Any) -> str:
    """Write a YAML file; returns its name."""
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path.name


def test_list_shows_the_models(stocked: Shell) -> None:
    """Every model is a row for people and a whole document for programs."""
    ran = stocked("models", "list")
    documents = stocked("models", "list", "--json").json

    assert ran.out.splitlines()[0].split()[:2] == ["model", "id"]
    assert len(ran.out.splitlines()) == 4
    assert [one["model_id"] for one in documents] == ["lab/embed", "lab/large", "lab/small"]
    assert documents[2]["limits"] == {"context_window": 8000, "max_tokens": 1000}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--type", "embeddings"), ["lab/embed"]),
        (("--capability", "tools"), ["lab/small"]),
        (("--search", "LARGE"), ["lab/large"]),
        (("--no-enabled",), []),
        (("--lifecycle", "active"), ["lab/embed", "lab/large", "lab/small"]),
    ],
)
def test_list_is_narrowed_by_filters(
    stocked: Shell, options: tuple[str, ...], expected: list[str]
) -> None:
    """The filters are those of the admin API."""
    found = stocked("models", "list", *options, "--json").json

    assert [one["model_id"] for one in found] == expected


def test_empty_list_is_told_in_words(stocked: Shell) -> None:
    """A table without rows is a sentence."""
    assert stocked("models", "list", "--tag", "none").out == "There is no such model.\n"


def test_get_shows_one_document_whole(stocked: Shell) -> None:
    """People read YAML, programs JSON, of the same document."""
    shown = stocked("models", "get", "lab/small")
    document = stocked("models", "get", "lab/small", "--json").json

    assert yaml.safe_load(shown.out)["pricing"] == document["pricing"]
    assert document["lifecycle_state"] == "active"


def test_model_that_is_not_there_is_exit_code_3(stocked: Shell) -> None:
    """An unknown id is told in one sentence."""
    for command in (("get", "lab/none"), ("set", "lab/none", "tier=premium")):
        ran = stocked("models", *command)
        assert (ran.code, len(ran.sentences)) == (3, 1)
        assert "'lab/none'" in ran.err


def test_set_merges_dotted_assignments(stocked: Shell) -> None:
    """Values are JSON where they read as JSON and text elsewhere; null clears; the rest stays."""
    changes = ("limits.max_tokens=500", "display.name=Small one", 'tags=["a","b"]', "aliases=null")

    ran = stocked("models", "set", "lab/small", *changes)

    assert (ran.code, ran.out) == (0, "lab/small is at version 2.\n")
    document = stocked("models", "get", "lab/small", "--json").json
    assert document["limits"] == {"context_window": 8000, "max_tokens": 500}
    assert document["display"]["name"] == "Small one"
    assert document["tags"] == ["a", "b"]
    assert "aliases" not in document
    assert document["updated_by"].startswith("local:")


def test_set_keeps_the_digits_of_a_price(stocked: Shell) -> None:
    """A decimal number is never a binary float on the way."""
    assert stocked("models", "set", "lab/small", "pricing.input_per_1m_tokens=0.1").code == 0

    document = stocked("models", "get", "lab/small", "--json").json

    assert document["pricing"]["input_per_1m_tokens"] == "0.1"


def test_set_takes_a_merge_patch_from_a_file(stocked: Shell) -> None:
    """A JSON file is the patch as it stands."""
    (stocked.site / "patch.json").write_text(json.dumps({"failover": None, "tier": "standard"}))

    shown = stocked("models", "set", "lab/large", "--file", "patch.json", "--json").json

    assert shown["tier"] == "standard"
    assert "failover" not in shown


@pytest.mark.parametrize(
    "changes",
    [
        ("colour=red",),
        ("type=null",),
        ("failover=lab/none",),
        ("pricing.input_per_1m_tokens=-1",),
        ("limits.max_tokens=many", "tags=3"),
    ],
)
def test_change_that_is_refused_names_every_fault_and_changes_nothing(
    stocked: Shell, changes: tuple[str, ...]
) -> None:
    """What cannot be is wrong use; the document stays at its version."""
    ran = stocked("models", "set", "lab/small", *changes)

    assert ran.code == 2
    assert len(ran.sentences) == len(changes)
    assert stocked("models", "get", "lab/small", "--json").json["version"] == 1


def test_import_replaces_creates_and_leaves_alone(stocked: Shell) -> None:
    """What differs is replaced, what is new is created, what is the same keeps its version."""
    content = seed_with(limits={"max_tokens": 700})
    content["models"].append({"model_id": "lab/new", "type": "rerank", "provider": "lab"})
    content["orgs"] = [*content["orgs"], {"slug": "late", "plan": "free"}]
    name = write(stocked.site / "more.yaml", content)

    done = stocked("models", "import", name, "--json").json

    assert done == {
        "created": ["lab/new"],
        "updated": ["lab/small"],
        "unchanged": ["lab/embed", "lab/large"],
        "orgs_created": ["late"],
    }
    versions = {one["model_id"]: one["version"] for one in stocked("models", "list", "--json").json}
    assert versions == {"lab/embed": 1, "lab/large": 1, "lab/new": 1, "lab/small": 2}
    assert stocked("models", "get", "lab/new", "--json").json["source"] == "import"


def test_dry_run_says_what_an_import_would_do_and_does_nothing(stocked: Shell) -> None:
    """Neither a model nor an org is made."""
    content = seed_with(tags=["x"])
    content["orgs"] = [*content["orgs"], {"slug": "late", "plan": "free"}]
    name = write(stocked.site / "more.yaml", content)

    ran = stocked("models", "import", name, "--dry-run")

    assert ran.code == 0
    assert "would be updated: lab/small\n" in ran.out
    assert "would be orgs created: late\n" in ran.out
    assert stocked("models", "get", "lab/small", "--json").json["version"] == 1
    assert "late" not in {org["slug"] for org in stocked("orgs", "list", "--json").json}


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_import_that_does_not_compile_changes_nothing(
    stocked: Shell, options: tuple[str, ...]
) -> None:
    """One fault in one model keeps the whole file out, and every fault is named with its model."""
    content = seed_with(tags=["x"], failover="lab/none")
    content["models"][1] = {**content["models"][1], "provider": "nobody"}
    name = write(stocked.site / "more.yaml", content)

    ran = stocked("models", "import", name, *options)

    assert ran.code == 2
    assert len(ran.sentences) == 2
    assert any(one.startswith("lab/small.failover") for one in ran.sentences)
    assert any(one.startswith("lab/large.provider") for one in ran.sentences)
    assert stocked("models", "get", "lab/small", "--json").json["version"] == 1


def test_import_tells_faults_of_all_files(stocked: Shell) -> None:
    """A file that cannot be read does not hide what is wrong with the next."""
    broken = write(stocked.site / "broken.yaml", {"models": [{"model_id": "x", "colour": 1}]})

    ran = stocked("models", "import", "nowhere.yaml", broken)

    assert ran.code == 2
    assert any(one.startswith("nowhere.yaml: cannot be read") for one in ran.sentences)
    assert any(one.startswith("broken.yaml: models[0].colour") for one in ran.sentences)


def test_export_can_be_imported_again_without_a_change(stocked: Shell) -> None:
    """What is written out is a catalogue file that says what the store says, and no secret."""
    connection = {"protocol": "openai", "base_url": "https://a.example/v1", "api_key": "sk-canary"}
    own = {"model_id": "own", "type": "completion", "connection": connection}
    write(stocked.site / "own.yaml", {"models": [own]})
    assert stocked("models", "import", "own.yaml").code == 0
    assert stocked("models", "set", "lab/small", "tags=[]", "enabled=false").code == 0

    ran = stocked("models", "export", "--output", "out.yaml")
    done = stocked("models", "import", "out.yaml", "--json").json

    assert (ran.code, ran.out) == (0, "")
    assert done["unchanged"] == ["lab/embed", "lab/large", "lab/small", "own"]
    assert "sk-canary" not in (stocked.site / "out.yaml").read_text()
    assert "sealed" not in (stocked.site / "out.yaml").read_text()
    assert stocked("models", "get", "own", "--json").json["connection"]["api_key_set"] is True


def test_export_is_yaml_or_json_on_stdout(stocked: Shell) -> None:
    """Both hold the same models."""
    as_yaml = yaml.safe_load(stocked("models", "export").out)

    assert as_yaml == stocked("models", "export", "--json").json
    assert len(as_yaml["models"]) == 3


def test_diff_of_an_untouched_store_is_empty(stocked: Shell) -> None:
    """A store that was made from the seeds has no drift."""
    ran = stocked("models", "diff")

    assert (ran.code, ran.out) == (0, "The store has what the files have.\n")


def test_diff_shows_each_field_and_each_model_that_drifted(stocked: Shell) -> None:
    """Drift is a finding: fields with both values, and models that one side lacks."""
    assert stocked("models", "set", "lab/small", "limits.max_tokens=5", "enabled=false").code == 0
    write(stocked.site / "seeds.yaml", {"models": CATALOGUE["models"][:2]})

    ran = stocked("models", "diff", "seeds.yaml", "--json")

    assert ran.code == 1
    assert ran.json == [
        {"model_id": "lab/embed", "field": "(the model)", "file": "absent", "store": "present"},
        {"model_id": "lab/small", "field": "enabled", "file": True, "store": False},
        {"model_id": "lab/small", "field": "limits.max_tokens", "file": 1000, "store": 5},
    ]


def test_catalogue_that_does_not_compile_any_more_is_told(stocked: Shell) -> None:
    """With a provider gone from the settings, reads name the models it is missed by."""
    file = stocked.site / "config/tollhouse.yaml"
    file.write_text(file.read_text().replace("lab:", "other:"))

    ran = stocked("models", "list")

    assert ran.code == 3
    assert len(ran.sentences) == 3
    assert stocked("models", "export").code == 0


def test_export_into_an_empty_store_is_exported_alike_to_the_byte(stocked: Shell) -> None:
    """Models, the orgs that they are for, and the system prompts that they name."""
    prompt = {
        "prompt_id": "550e8400-e29b-41d4-a716-446655440000",
        "name": "House style",
        "particles": [{"kind": "role", "text": "Be brief.\u2028Be kind."}],
    }
    model = {
        "model_id": "lab/guarded",
        "type": "completion",
        "provider": "lab",
        "system_prompt_id": prompt["prompt_id"],
        "org_slugs": ["acme"],
        "metadata": {"since": "2020-01-01", "a.b": [None, 1.5]},
    }
    content = {**CATALOGUE, "prompts": [prompt], "models": [*CATALOGUE["models"], model]}
    assert stocked("models", "import", write(stocked.site / "more.yaml", content)).code == 0
    first = stocked("models", "export").out
    (stocked.site / "out.yaml").write_text(first, encoding="utf-8")
    (stocked.site / "out.json").write_text(stocked("models", "export", "--json").out)
    for name in ("out.yaml", "out.json"):
        for file in stocked.site.glob("store.db*"):
            file.unlink()
        assert stocked("migrate").code == 0
        done = stocked("models", "import", name, "--json").json
        assert done["created"] == ["lab/embed", "lab/guarded", "lab/large", "lab/small"]
        assert done["orgs_created"] == ["acme", "hobby"]
        assert stocked("models", "export").out == first
        assert stocked("models", "diff", name).code == 0
        assert stocked("models", "import", name, "--json").json["updated"] == []


def test_seed_files_with_system_prompts_are_checked(shell: Shell) -> None:
    """A prompt that is missing or faulty is told with its place; a sound one is found."""
    known = "550e8400-e29b-41d4-a716-446655440000"
    prompt = {"prompt_id": known, "name": "P", "particles": [{"kind": "role", "text": "Help."}]}
    content = seed_with(system_prompt_id=known)
    write(shell.site / "config/catalogue.yaml", {**content, "prompts": [prompt]})
    assert shell("check").code == 0
    write(shell.site / "config/catalogue.yaml", {**content, "prompts": [{**prompt, "name": ""}]})
    ran = shell("check")
    assert ran.code == 1
    assert "prompts[0].name" in ran.out + ran.err
    write(shell.site / "config/catalogue.yaml", content)
    ran = shell("check")
    assert ran.code == 1
    assert "system_prompt_id" in ran.out + ran.err


def test_retiring_shows_models_that_end_soon_and_their_callers(stocked: Shell) -> None:
    """One row for each caller, and one for a model that nobody calls."""
    assert "No model" in stocked("models", "retiring").out
    assert stocked("models", "set", "lab/small", f"end_of_life_at={in_days(9)}").code == 0
    assert stocked("models", "set", "lab/large", f"end_of_life_at={in_days(40)}").code == 0
    (row,) = stocked("models", "retiring", "--json").json
    assert (row["model_id"], row["callers"]) == ("lab/small", [])
    shown = stocked("models", "retiring", "--within", "50d").out
    assert shown.index("lab/small") < shown.index("lab/large")
    ran = stocked("models", "retiring", "--within", "soon")
    assert (ran.code, len(ran.sentences)) == (2, 1)


def in_days(days: int) -> str:
    """A time so many days from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86_400))
