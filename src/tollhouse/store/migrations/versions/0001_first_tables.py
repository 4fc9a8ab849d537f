"""The first tables: counters, catalogue, callers, audit, records and hourly sums."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Sorted by code point on both engines, whatever the server's language.
WORD = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Create everything."""
    _catalogue()
    _callers()
    _audit()
    _ledger()


def _word(name: str, *, key: bool = False, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, WORD, primary_key=key, nullable=optional)


def _number(name: str, *, key: bool = False, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=optional)


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=optional)


def _catalogue() -> None:
    counters = op.create_table(
        "tollhouse_counters",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _number("catalogue"),
        _number("callers"),
        sa.CheckConstraint("id = 1", name="tollhouse_counters_one_row"),
    )
    op.bulk_insert(counters, [{"id": 1, "catalogue": 0, "callers": 0}])
    op.create_table(
        "tollhouse_models", _word("model_id", key=True), _number("version"), _text("document")
    )
    op.create_table(
        "tollhouse_model_versions",
        _word("model_id", key=True),
        _number("version", key=True),
        _text("document", optional=True),
        _number("at"),
        _word("actor"),
    )


def _callers() -> None:
    op.create_table(
        "tollhouse_orgs",
        _word("slug", key=True),
        _word("plan"),
        _word("name", optional=True),
        _number("created_at"),
        _number("updated_at"),
    )
    op.create_table(
        "tollhouse_credentials",
        _word("id", key=True),
        _word("kind"),
        _word("org"),
        _word("digest"),
        _word("name", optional=True),
        _word("user", optional=True),
        _word("role", optional=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        _number("created_at"),
        _number("expires_at", optional=True),
        _number("revoked_at", optional=True),
        _word("previous_digest", optional=True),
        _number("previous_until", optional=True),
    )
    op.create_index("tollhouse_credentials_org", "tollhouse_credentials", ["org", "id"])


def _audit() -> None:
    op.create_table(
        "tollhouse_audit",
        _word("id", key=True),
        _number("at"),
        _word("actor"),
        _word("action"),
        _word("target"),
        _word("org", optional=True),
        _word("request_id"),
        _word("outcome"),
        _text("before", optional=True),
        _text("after", optional=True),
        _text("changed"),
    )
    op.create_index("tollhouse_audit_at", "tollhouse_audit", ["at", "id"])
    op.create_index("tollhouse_audit_target", "tollhouse_audit", ["target", "at", "id"])
    op.create_index("tollhouse_audit_actor", "tollhouse_audit", ["actor", "at", "id"])
    op.create_index("tollhouse_audit_org", "tollhouse_audit", ["org", "at", "id"])
    refuse = _REFUSE_POSTGRES if op.get_bind().dialect.name == "postgresql" else _REFUSE_SQLITE
    for statement in refuse:
        op.execute(statement)


def _ledger() -> None:
    op.create_table(
        "tollhouse_records",
        _word("id", key=True),
        _word("request_id"),
        _number("started_at"),
        _word("org"),
        _word("model"),
        _word("status"),
        _text("document"),
    )
    for columns in (
        ["started_at", "id"],
        ["request_id"],
        ["org", "started_at", "id"],
        ["model", "started_at", "id"],
        ["status", "started_at", "id"],
    ):
        op.create_index(f"tollhouse_records_{columns[0]}", "tollhouse_records", columns)
    op.create_table(
        "tollhouse_usage_hourly",
        _number("hour", key=True),
        _word("org", key=True),
        _word("model", key=True),
        _word("key", key=True),
        _number("requests"),
        _number("failed"),
        _number("input_tokens"),
        _number("cached_input_tokens"),
        _number("output_tokens"),
        _number("reasoning_tokens"),
        _number("cost"),
        _number("unpriced"),
    )


_REFUSE_SQLITE = tuple(
    f"CREATE TRIGGER tollhouse_audit_no_{what.lower()} BEFORE {what} ON tollhouse_audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    for what in ("UPDATE", "DELETE")
)
_REFUSE_POSTGRES = (
    """
    CREATE FUNCTION tollhouse_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$
    """,
    """
    CREATE TRIGGER tollhouse_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON tollhouse_audit FOR EACH STATEMENT EXECUTE FUNCTION tollhouse_audit_refuse()
    """,
)
