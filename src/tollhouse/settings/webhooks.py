"""Where audit events are sent: ``webhooks``, a list of receivers."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from ..core.hosts import Reach
from ..core.model import Secret
from ..core.webhook import Webhook, signing_key
from .addresses import keys_url
from .section import Section, number, text

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_GLOB = re.compile(r"[a-z0-9_.*]{1,64}")
_SLUG = re.compile(r"[!-~]{1,128}")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("must be small letters, digits, dashes, underscores; at most 64")
    return name


def _glob(glob: str) -> str:
    if not _GLOB.fullmatch(glob):
        raise ValueError("must be an action as model.updated, where * stands for anything")
    return glob


def _slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise ValueError("must be the slug of an org")
    return slug


def _secret(value: object) -> Secret:
    secret = text(value)
    signing_key(secret)
    return Secret(secret)


def once(webhooks: Sequence["WebhookSection"]) -> Sequence["WebhookSection"]:
    """Check that no two receivers have one name, under which their deliveries are kept."""
    names = [webhook.name for webhook in webhooks]
    if len(set(names)) != len(names):
        raise ValueError("must not give two webhooks one name")
    return webhooks


class WebhookSection(Section):
    """One receiver of audit events."""

    name: Annotated[str, BeforeValidator(text), AfterValidator(_named)]
    """What its deliveries are kept under: another name is another receiver."""
    url: Annotated[str, AfterValidator(keys_url)] = Field(repr=False)
    secret: Annotated[Secret, PlainValidator(_secret)]
    """``whsec_`` and 24 to 64 bytes in base64."""
    events: Annotated[
        tuple[Annotated[str, AfterValidator(_glob)], ...], Field(min_length=1, max_length=64)
    ] = ("*",)
    """Actions, where ``*`` stands for any characters."""
    org: Annotated[str, AfterValidator(_slug)] | None = None
    """Only events of this org; None: all."""
    attempts: Annotated[int, BeforeValidator(number), Field(ge=1, le=50)] = 10
    """Tries before an event becomes a dead letter."""

    def noun(self, reach: Reach) -> Webhook:
        """The receiver as the rest of the house knows it."""
        return Webhook(
            name=self.name,
            url=self.url,
            secret=self.secret,
            events=self.events,
            org=self.org,
            attempts=self.attempts,
            guarded=not reach.private,
        )
