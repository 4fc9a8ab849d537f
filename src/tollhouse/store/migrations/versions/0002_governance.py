"""System prompts, answers kept for repeated requests, changes to come, and undelivered events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Sorted by code point on both engines, whatever the server's language.
WORD = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "tollhouse_prompts", _word("prompt_id", key=True), _number("version"), _text("document")
    )
    op.create_table(
        "tollhouse_repeats",
        _word("key", key=True),
        _word("fingerprint"),
        _number("at"),
        _text("answer", optional=True),
    )
    op.create_index("tollhouse_repeats_at", "tollhouse_repeats", ["at"])
    op.create_table(
        "tollhouse_schedule",
        _word("id", key=True),
        _number("due"),
        _word("state"),
        _word("target"),
        _word("org", optional=True),
        _text("document"),
    )
    op.create_index("tollhouse_schedule_due", "tollhouse_schedule", ["state", "due", "id"])
    op.create_table(
        "tollhouse_deliveries",
        _word("webhook", key=True),
        _word("event", key=True),
        _word("state"),
        _number("due"),
        _number("attempts"),
        _word("problem", optional=True),
    )
    op.create_index("tollhouse_deliveries_due", "tollhouse_deliveries", ["state", "due", "event"])
    op.create_table(
        "tollhouse_webhooks", _word("name", key=True), _number("at"), _word("event", optional=True)
    )


def _word(name: str, *, key: bool = False, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, WORD, primary_key=key, nullable=optional)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=optional)
