"""The environment over the file."""

import pytest

from settings.conftest import Faults, Loader

LEAN = "providers: {lean-eu: {protocol: openai, base_url: http://h, api_key: old}}"


def test_variable_overrides_a_key_of_the_file(load_text: Loader) -> None:
    """``TOLLHOUSE_SECTION__KEY`` wins over the file."""
    settings = load_text("server: {workers: 2}", {"TOLLHOUSE_SERVER__WORKERS": "4"})
    assert settings.server.workers == 4


def test_variable_sets_what_the_file_leaves_out(load_text: Loader) -> None:
    """A section that the file does not have can be set."""
    environ = {
        "TOLLHOUSE_TELEMETRY__LOG": "text",
        "TOLLHOUSE_CATALOGUE__HIDE_DENIED": "true",
        "TOLLHOUSE_TIMEOUTS__CONNECT": "0.5",
    }
    settings = load_text("", environ)
    assert settings.telemetry.log == "text"
    assert settings.catalogue.hide_denied is True
    assert settings.timeouts.connect == 0.5


def test_variable_reaches_into_a_provider(load_text: Loader) -> None:
    """A provider's key is set without repeating the rest, whatever its name is made of."""
    settings = load_text(LEAN, {"TOLLHOUSE_PROVIDERS__LEAN_EU__API_KEY": "new"})
    key = settings.provider_map()["lean-eu"].api_key
    assert key is not None
    assert key.reveal() == "new"


def test_variable_makes_a_provider(load_text: Loader) -> None:
    """A provider can be given as a mapping, and its keys after it."""
    environ = {
        "TOLLHOUSE_PROVIDERS__OTHER": "{protocol: openai, base_url: http://o}",
        "TOLLHOUSE_PROVIDERS__OTHER__API_KEY": "k",
    }
    provider = load_text(LEAN, environ).provider_map()["other"]
    assert provider.base_url == "http://o"
    assert provider.api_key is not None


@pytest.mark.parametrize(
    ("text", "key"),
    [("12345678", "12345678"), ("1e9", "1e9"), ("true", "true"), ('"null"', "null")],
)
def test_key_that_looks_like_something_else_stays_text(
    load_text: Loader, text: str, key: str
) -> None:
    """A value is text where text is wanted; quotes keep even null."""
    settings = load_text(LEAN, {"TOLLHOUSE_PROVIDERS__LEAN_EU__API_KEY": text})
    secret = settings.providers["lean-eu"].api_key
    assert secret is not None
    assert secret.reveal() == key


@pytest.mark.parametrize("text", ["null", "~"])
def test_null_takes_a_value_away(load_text: Loader, text: str) -> None:
    """YAML's null removes an optional value."""
    settings = load_text(LEAN, {"TOLLHOUSE_PROVIDERS__LEAN_EU__API_KEY": text})
    assert settings.providers["lean-eu"].api_key is None


def test_lists_are_written_as_in_yaml(load_text: Loader) -> None:
    """A list in a variable replaces the file's."""
    settings = load_text("", {"TOLLHOUSE_TIERS__PREMIUM": "[enterprise]"})
    assert settings.tier_map()["premium"] == {"enterprise"}


def test_variables_without_a_key_are_none_of_ours(load_text: Loader) -> None:
    """What the file refers to and what tests use is left alone."""
    environ = {"TOLLHOUSE_ADMIN_TOKEN": "x", "TOLLHOUSE_TEST_SERVICES": "required", "A__B": "c"}
    assert load_text("", environ).auth.admin_token is None


def test_references_are_not_resolved_in_variables(load_text: Loader) -> None:
    """A variable's value is taken as it is."""
    environ = {"TOLLHOUSE_PROVIDERS__LEAN_EU__API_KEY": "${HOME}"}
    key = load_text(LEAN, environ).providers["lean-eu"].api_key
    assert key is not None
    assert key.reveal() == "${HOME}"


def test_unknown_variables_are_faults_that_name_them(faults_of: Faults) -> None:
    """A variable of our form that no key answers to is an error with its path."""
    environ = {"TOLLHOUSE_SERVRE__WORKERS": "1", "TOLLHOUSE_SERVER__WORKRES": "1"}
    assert faults_of("", environ) == {
        "servre": "is not a known key (set by TOLLHOUSE_SERVRE__WORKERS)",
        "server.workres": "is not a known key (set by TOLLHOUSE_SERVER__WORKRES)",
    }


def test_impossible_variable_is_a_fault_that_names_it(faults_of: Faults) -> None:
    """A value that is out of bounds is told with the variable behind it."""
    told = faults_of("", {"TOLLHOUSE_SERVER__WORKERS": "many"})
    assert list(told) == ["server.workers"]
    assert told["server.workers"].endswith("(set by TOLLHOUSE_SERVER__WORKERS)")
    assert "many" not in told["server.workers"]


@pytest.mark.parametrize("name", ["TOLLHOUSE___WORKERS", "TOLLHOUSE_SERVER__", "TOLLHOUSE_A____B"])
def test_malformed_name_is_a_fault(faults_of: Faults, name: str) -> None:
    """A name with an empty part is an error."""
    told = faults_of("", {name: "1"})
    assert told == {name: "is not of the form TOLLHOUSE_SECTION__KEY"}


def test_value_that_is_not_yaml_is_a_fault(faults_of: Faults) -> None:
    """A list that does not end is an error of its key."""
    told = faults_of("", {"TOLLHOUSE_CATALOGUE__FILES": "[a.yaml"})
    assert told == {"catalogue.files": "is not a YAML value (set by TOLLHOUSE_CATALOGUE__FILES)"}


def test_ambiguous_name_is_a_fault(faults_of: Faults) -> None:
    """A variable that could mean two providers means none."""
    text = (
        "providers:\n  a-b: {protocol: openai, base_url: http://h}\n"
        "  a_b: {protocol: openai, base_url: http://h}\n"
    )
    told = faults_of(text, {"TOLLHOUSE_PROVIDERS__A_B__API_KEY": "k"})
    (message,) = told.values()
    assert message.startswith("may mean any of a-b, a_b (set by ")


def test_variable_below_a_plain_value_leaves_that_fault(faults_of: Faults) -> None:
    """Where the file has no mapping, that is the fault."""
    told = faults_of("server: 5", {"TOLLHOUSE_SERVER__WORKERS": "1"})
    assert told == {"server": "must be a mapping"}
