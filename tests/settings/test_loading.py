"""All faults at once, and none that only follows from another."""

from pathlib import Path

import pytest

from settings.conftest import Faults, Loader
from tollhouse.core.model import Secret
from tollhouse.settings import SettingsInvalid

TEN_FAULTS = """
server: {listen: nowhere, workers: 0, max_bdoy_bytes: 5}
store: {url: "mysql://root:canary@db/x"}
auth: {admin_token: sk-canary, secret_key: ${NO_KEY}}
tiers: {premium: [gold]}
providers:
  lean: {protocol: openai, base_url: "https://u:canary@h/"}
timeouts: {total: 0}
telemetry: {log: [canary]}
"""


SHORT_FORM = """
server:
  listen: 127.0.0.1:8080
  workers: 1
  max_body_bytes: 33554432      # counted after decompression
  max_inflight: 10000           # above it: 503 gateway_overloaded
  drain_seconds: 30
store:   {url: sqlite:///data/tollhouse.db}       # or postgresql://…
auth:
  admin_token: ${TOLLHOUSE_ADMIN_TOKEN}
  secret_key:  ${TOLLHOUSE_SECRET_KEY}
  jwt: []
catalogue:
  files: [catalogue.yaml]
  hide_denied: false
tiers: {standard: [free, pro, enterprise], premium: [pro, enterprise]}
providers:
  openai:    {protocol: openai, base_url: https://api.openai.com/v1, api_key: ${OPENAI_API_KEY}}
timeouts: {connect: 5, first_byte: 60, idle: 60, total: 600}
failover: {max_attempts: 4, retries: 1, retry_after_cap: 10, commit_after: 5}
telemetry: {metrics_token: null, log: json, otlp_endpoint: null}
"""


def test_short_form_is_understood(load_text: Loader, tmp_path: Path) -> None:
    """Sections on one line, references among their braces, are read as they are meant."""
    (tmp_path / "catalogue.yaml").touch()
    environ = {
        "TOLLHOUSE_ADMIN_TOKEN": "Zk3v9Qw8Lm2Xr7Tb5Yn1Hd6Pf4Gs0JcA",
        "TOLLHOUSE_SECRET_KEY": "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=",
        "OPENAI_API_KEY": "sk-test",
    }
    settings = load_text(SHORT_FORM, environ)
    assert settings.providers["openai"].api_key == Secret("sk-test")
    assert settings.auth.admin_token == Secret(environ["TOLLHOUSE_ADMIN_TOKEN"])
    assert settings.auth.secret_key == bytes(range(200, 232))
    defaults = load_text("")
    for name in ("server", "store", "tiers", "timeouts", "failover", "telemetry"):
        assert getattr(settings, name) == getattr(defaults, name)


def test_ten_faults_are_told_at_once(faults_of: Faults) -> None:
    """Faults of every kind come in one error, each with its path."""
    told = faults_of(TEN_FAULTS, {"TOLLHOUSE_FAILOVER__RETRIES": "-1"})
    assert set(told) == {
        "server.listen",
        "server.workers",
        "server.max_bdoy_bytes",
        "store.url",
        "auth.admin_token",
        "auth.secret_key",
        "tiers.premium[0]",
        "providers.lean.base_url",
        "timeouts.total",
        "telemetry.log",
        "failover.retries",
    }


def test_G01_faults_do_not_hold_what_was_written(load_text: Loader) -> None:
    """No message shows a value: it may be a secret in the wrong place."""
    with pytest.raises(SettingsInvalid) as caught:
        load_text(TEN_FAULTS)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__ or "canary" not in str(caught.value.__context__)


def test_message_has_a_line_for_each_fault(load_text: Loader) -> None:
    """The error's text is what a person reads: path, colon, message."""
    with pytest.raises(SettingsInvalid) as caught:
        load_text("server: {workers: 0}\nstore: {url: x}\n")
    lines = str(caught.value).splitlines()
    assert lines[0] == "server.workers: must be greater than or equal to 1"
    assert lines[1].startswith("store.url: must begin with sqlite:///")


def test_faults_of_the_file_and_of_the_environment_come_together(faults_of: Faults) -> None:
    """A file that cannot be read does not hide what is wrong with the environment."""
    told = faults_of("server: [", {"TOLLHOUSE_SERVER__WORKERS": "0"})
    assert len(told) == 2
    assert "server.workers" in told
