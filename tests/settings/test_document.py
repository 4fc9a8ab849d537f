"""The settings file: YAML, references to the environment, and what cannot be read."""

from pathlib import Path

import pytest

from settings.conftest import Faults, Loader
from tollhouse.settings import SettingsInvalid, load

PROVIDER = "providers: {{lean: {{protocol: openai, base_url: {url}, api_key: {key}}}}}"


def test_empty_file_gives_the_defaults(load_text: Loader) -> None:
    """An empty file and a file of comments give every default."""
    assert load_text("").server.workers == 1
    assert load_text("# nothing\n").server.listen.port == 8080


def test_empty_section_gives_its_defaults(load_text: Loader) -> None:
    """A section whose keys are all commented out has its defaults."""
    assert load_text("server:\nauth: null\n").auth.admin_token is None


def test_reference_stands_in_a_flow_mapping(load_text: Loader) -> None:
    """A reference may stand unquoted between braces, where YAML allows none."""
    settings = load_text(PROVIDER.format(url="http://h/v1", key="${KEY}"), {"KEY": "k-1"})
    key = settings.provider_map()["lean"].api_key
    assert key is not None
    assert key.reveal() == "k-1"


def test_reference_stands_anywhere_in_a_string(load_text: Loader) -> None:
    """A value may be put together from text and several references."""
    text = PROVIDER.format(url="https://${HOST}.example:${PORT}/v1", key="null")
    settings = load_text(text, {"HOST": "eu", "PORT": "8443"})
    assert settings.provider_map()["lean"].base_url == "https://eu.example:8443/v1"


@pytest.mark.parametrize("value", ["a: b", "x, y}", "# c", "{a: b}", "- l", "null", "8080", "'q"])
def test_variable_cannot_change_the_structure(load_text: Loader, value: str) -> None:
    """A variable's value is text whatever YAML would make of it."""
    text = "providers: {lean: {protocol: openai, base_url: http://h, headers: {x-a: ${V}}}}"
    assert load_text(text, {"V": value}).providers["lean"].headers == {"x-a": value}


def test_reference_is_read_by_the_fields_type(load_text: Loader) -> None:
    """A reference may stand for a number or a boolean."""
    settings = load_text(
        "server: {workers: ${W}}\ncatalogue: {hide_denied: ${H}}", {"W": "3", "H": "true"}
    )
    assert settings.server.workers == 3
    assert settings.catalogue.hide_denied is True


def test_default_stands_for_an_unset_or_empty_variable(load_text: Loader) -> None:
    """``${NAME:-text}`` is its text when the variable is not set or is empty."""
    text = "server: {listen: '${LISTEN:-127.0.0.1:9}'}"
    assert load_text(text).server.listen.port == 9
    assert load_text(text, {"LISTEN": ""}).server.listen.port == 9
    assert load_text(text, {"LISTEN": "127.0.0.1:7"}).server.listen.port == 7


def test_empty_default_is_no_value(load_text: Loader) -> None:
    """``${NAME:-}`` without the variable is null, so an optional key is simply absent."""
    assert load_text("telemetry: {metrics_token: ${TOKEN:-}}").telemetry.metrics_token is None


def test_doubled_dollar_escapes(load_text: Loader) -> None:
    """``$${NAME}`` is the text ``${NAME}``."""
    text = (
        "providers:\n  lean:\n    protocol: openai\n    base_url: http://h\n"
        "    headers: {x-a: '$${NAME} costs 5$'}"
    )
    assert load_text(text).providers["lean"].headers == {"x-a": "${NAME} costs 5$"}


def test_reference_in_a_comment_is_not_looked_up(load_text: Loader) -> None:
    """A commented reference needs no variable."""
    assert load_text("# api_key: ${NOT_SET}\nserver: {workers: 1} # ${NOT_SET}\n")


def test_every_missing_variable_is_told_once_with_its_path(faults_of: Faults) -> None:
    """Missing and empty variables are faults of the keys that refer to them, told once each."""
    text = "auth: {admin_token: ${ADMIN}}\ntiers: {premium: [pro, '${PLAN}']}\n" + PROVIDER.format(
        url="${URL}", key="${KEY}"
    )
    told = faults_of(text, {"KEY": ""})
    assert told == {
        "auth.admin_token": "the environment variable ADMIN is not set, or empty",
        "tiers.premium[1]": "the environment variable PLAN is not set, or empty",
        "providers.lean.base_url": "the environment variable URL is not set, or empty",
        "providers.lean.api_key": "the environment variable KEY is not set, or empty",
    }


@pytest.mark.parametrize("reference", ["${}", "${1A}", "${A B}", "${A-b}", "${A:=b}"])
def test_malformed_reference_is_a_fault(faults_of: Faults, reference: str) -> None:
    """What is neither ``${NAME}`` nor ``${NAME:-text}`` is a fault, not text."""
    told = faults_of(f"store: {{url: '{reference}'}}", {"A": "x"})
    assert told["store.url"] == "has a reference that is neither ${NAME} nor ${NAME:-default}"


def test_key_given_twice_is_a_fault(faults_of: Faults) -> None:
    """A key that YAML would silently overwrite is a fault, at every depth."""
    text = "server: {workers: 1, workers: 2}\nserver: {}\n"
    assert faults_of(text) == {"server.workers": "is given twice", "server": "is given twice"}


def test_key_that_is_no_plain_text_is_a_fault(faults_of: Faults) -> None:
    """References and structures cannot be keys."""
    assert faults_of("? [a]\n: 1\n") == {
        next(iter(faults_of("? [a]\n: 1\n"))): "has a key that is not plain text"
    }
    assert faults_of("server: {'${K}': 1}", {"K": "workers"}) == {
        "server": "has a key that is not plain text"
    }


def test_date_like_text_stays_text(load_text: Loader) -> None:
    """An API version that looks like a date needs no quotes."""
    text = "providers: {az: {protocol: azure, base_url: http://h, api_version: 2024-10-21}}"
    assert load_text(text).providers["az"].api_version == "2024-10-21"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server: [", "is not YAML: line 1, column 10: "),
        ("a: b: c", "is not YAML: line 1, column 5: mapping values are not allowed here"),
        ("server: *nothing", "is not YAML: line 1, column 9: found undefined alias"),
        ("server: \x00", "is not YAML: a character that YAML does not allow"),
        ("- a list", "must be a mapping of sections"),
        ("just text", "must be a mapping of sections"),
        ("server: \ue000", "holds the private character U+E000"),
    ],
)
def test_unreadable_text_is_told_with_its_place(load_text: Loader, text: str, message: str) -> None:
    """What is not YAML, or not a mapping, is one fault of the file."""
    with pytest.raises(SettingsInvalid) as caught:
        load_text(text)
    (fault,) = caught.value.faults
    assert fault.path.endswith("tollhouse.yaml")
    assert fault.message.startswith(message)


def test_python_objects_are_not_built(faults_of: Faults) -> None:
    """A YAML tag that would make an object is a fault."""
    told = faults_of("store: {url: !!python/name:os.system ''}")
    assert told == {"store.url": "is not a plain YAML value"}


def test_value_that_contains_itself_is_a_fault(faults_of: Faults) -> None:
    """An alias to what it stands in ends in a fault, not in a loop."""
    told = faults_of("auth: &a\n  jwt: [*a]\n")
    assert "is nested too deep" in told.values()


def test_missing_file_is_a_fault(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(SettingsInvalid) as caught:
        load(tmp_path / "none.yaml", {})
    assert caught.value.faults[0].message == "cannot be read: No such file or directory"


def test_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    """A file in another encoding is named."""
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(SettingsInvalid, match="is not UTF-8 text"):
        load(path, {})
