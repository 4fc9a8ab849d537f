"""The tables as statements see them. The migrations create them; a test holds the two together.

Portable on purpose: times are Unix microseconds in a BIGINT, documents are JSON in a TEXT, ids are
ours. Every name starts with ``tollhouse_``, and nothing without that prefix is ever touched.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from .values import storable

metadata = sa.MetaData()


class Word(TypeDecorator[str]):
    """Text from anywhere, stored alike by every engine.

    An odd string in a look-up finds nothing, and one in a record does not hold up its batch.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 - the interface's
        """Make the string storable."""
        return None if value is None else storable(value)


counters = sa.Table(
    "tollhouse_counters",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("catalogue", sa.BigInteger, nullable=False),
    sa.Column("callers", sa.BigInteger, nullable=False),
)
"""One row: what other workers watch, and the lock that puts writes of a kind in order."""

models = sa.Table(
    "tollhouse_models",
    metadata,
    sa.Column("model_id", Word, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

model_versions = sa.Table(
    "tollhouse_model_versions",
    metadata,
    sa.Column("model_id", Word, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", Word, nullable=False),
)
"""Every state a model was in; a deletion has no document."""

prompts = sa.Table(
    "tollhouse_prompts",
    metadata,
    sa.Column("prompt_id", Word, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
"""System prompts: part of the catalogue, written under the same counter as the models."""

orgs = sa.Table(
    "tollhouse_orgs",
    metadata,
    sa.Column("slug", Word, primary_key=True),
    sa.Column("plan", Word, nullable=False),
    sa.Column("name", Word),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

credentials = sa.Table(
    "tollhouse_credentials",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("kind", Word, nullable=False),
    sa.Column("org", Word, nullable=False),
    sa.Column("digest", Word, nullable=False),
    sa.Column("name", Word),
    sa.Column("user", Word),
    sa.Column("role", Word),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("previous_digest", Word),
    sa.Column("previous_until", sa.BigInteger),
    sa.Index("tollhouse_credentials_org", "org", "id"),
)

audit = sa.Table(
    "tollhouse_audit",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", Word, nullable=False),
    sa.Column("action", Word, nullable=False),
    sa.Column("target", Word, nullable=False),
    sa.Column("org", Word),
    sa.Column("request_id", Word, nullable=False),
    sa.Column("outcome", Word, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("changed", sa.Text, nullable=False),
    sa.Index("tollhouse_audit_at", "at", "id"),
    sa.Index("tollhouse_audit_target", "target", "at", "id"),
    sa.Index("tollhouse_audit_actor", "actor", "at", "id"),
    sa.Index("tollhouse_audit_org", "org", "at", "id"),
)
"""Triggers refuse every update and delete."""

records = sa.Table(
    "tollhouse_records",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("request_id", Word, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("org", Word, nullable=False),
    sa.Column("model", Word, nullable=False),
    sa.Column("status", Word, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("tollhouse_records_started_at", "started_at", "id"),
    sa.Index("tollhouse_records_request_id", "request_id"),
    sa.Index("tollhouse_records_org", "org", "started_at", "id"),
    sa.Index("tollhouse_records_model", "model", "started_at", "id"),
    sa.Index("tollhouse_records_status", "status", "started_at", "id"),
)
"""``document`` is the whole record; the other columns are what lists filter and sort by."""

usage_hourly = sa.Table(
    "tollhouse_usage_hourly",
    metadata,
    sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("org", Word, primary_key=True),
    sa.Column("model", Word, primary_key=True),
    sa.Column("key", Word, primary_key=True),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.BigInteger, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("cached_input_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.BigInteger, nullable=False),
    sa.Column("unpriced", sa.BigInteger, nullable=False),
)
"""Sums by hour of start; no org or key is the empty string, since a primary key knows no NULL."""

repeats = sa.Table(
    "tollhouse_repeats",
    metadata,
    sa.Column("key", Word, primary_key=True),
    sa.Column("fingerprint", Word, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("answer", sa.Text),
    sa.Index("tollhouse_repeats_at", "at"),
)
"""Answers to requests with an ``Idempotency-Key``; without one the first is still under way."""

schedule = sa.Table(
    "tollhouse_schedule",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("state", Word, nullable=False),
    sa.Column("target", Word, nullable=False),
    sa.Column("org", Word),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("tollhouse_schedule_due", "state", "due", "id"),
)
"""Changes that are to be made later."""

deliveries = sa.Table(
    "tollhouse_deliveries",
    metadata,
    sa.Column("webhook", Word, primary_key=True),
    sa.Column("event", Word, primary_key=True),
    sa.Column("state", Word, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("problem", Word),
    sa.Index("tollhouse_deliveries_due", "state", "due", "event"),
)
"""Audit events on their way to a webhook; ``dead`` ones wait for somebody to look."""

webhooks = sa.Table(
    "tollhouse_webhooks",
    metadata,
    sa.Column("name", Word, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("event", Word),
)
"""How far each webhook has been given the audit trail: the time and id of the last event taken."""
