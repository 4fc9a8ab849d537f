"""Webhooks as settings: what they become, and all that is refused at start."""

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from tollhouse.core.webhook import Webhook
from tollhouse.settings.schema import Settings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
LEAN = {"name": "audit", "url": "https://hooks.example/in", "secret": SECRET}


def read(*webhooks: dict[str, Any], private: bool = False) -> Settings:
    """Settings with webhooks."""
    auth = {"allow_private_upstreams": private}
    return Settings.model_validate({"webhooks": list(webhooks), "auth": auth})


def test_lean_webhook_is_sent_everything() -> None:
    """The defaults: every action, of every org, ten tries, public addresses only."""
    (webhook,) = read(LEAN).receivers()

    assert (webhook.name, webhook.url) == ("audit", "https://hooks.example/in")
    assert (webhook.events, webhook.org, webhook.attempts) == (("*",), None, 10)
    assert webhook.guarded
    assert webhook.secret.reveal() == SECRET
    assert Settings().receivers() == ()


def test_everything_can_be_said() -> None:
    """Actions, an org and the number of tries."""
    full = {**LEAN, "events": ["model.*", "org.created"], "org": "acme", "attempts": 3}

    (webhook,) = read(full, private=True).receivers()

    assert webhook == Webhook(
        name="audit",
        url="https://hooks.example/in",
        secret=webhook.secret,
        events=("model.*", "org.created"),
        org="acme",
        attempts=3,
        guarded=False,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Two Words"),
        ("name", 3),
        ("url", "ftp://hooks.example"),
        ("url", "http://hooks.example/in"),
        ("url", "https://127.0.0.1/in"),
        ("url", "https://10.0.0.7/in"),
        ("url", "https://[::ffff:127.0.0.1]/in"),
        ("url", "https://2130706433/in"),
        ("url", "https://user:canary@hooks.example"),
        ("url", "https://hooks.example:22/in"),
        ("secret", "canary-secret"),
        ("secret", "whsec_canary!"),
        ("secret", "whsec_" + base64.b64encode(b"canary").decode()),
        ("secret", None),
        ("events", []),
        ("events", ["model.%"]),
        ("events", "*"),
        ("org", ""),
        ("attempts", 0),
        ("attempts", 51),
        ("attempts", True),
        ("colour", "red"),
    ],
)
def test_what_cannot_work_is_refused_at_start(field: str, value: Any) -> None:
    """Each fault is named with its place; no message holds a secret."""
    with pytest.raises(ValidationError) as caught:
        read({**LEAN, field: value})

    assert caught.value.errors()[0]["loc"][0] == "webhooks"
    assert "canary" not in str(caught.value)


def test_missing_fields_and_equal_names_are_refused() -> None:
    """Deliveries are kept under the name, so it is one receiver's only."""
    for field in LEAN:
        with pytest.raises(ValidationError):
            read({name: value for name, value in LEAN.items() if name != field})
    with pytest.raises(ValidationError, match="one name"):
        read(LEAN, {**LEAN, "url": "https://other.example"})


def test_private_receivers_are_for_who_allows_them() -> None:
    """``auth.allow_private_upstreams`` opens them, by http too."""
    local = {**LEAN, "url": "http://127.0.0.1:9/in"}

    assert read(local, private=True).receivers()[0].url == "http://127.0.0.1:9/in"
    with pytest.raises(ValidationError, match="allow_private_upstreams"):
        read(local)


def test_secret_is_not_shown() -> None:
    """Neither settings nor the receiver hold it in their text."""
    settings = read(LEAN)

    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.receivers())
