"""``tollhouse orgs``, ``keys`` and ``tokens``."""

import pytest

from cli.shell import Shell
from tollhouse.identity.credentials import parse


def test_org_is_created_listed_and_changed(stocked: Shell) -> None:
    """What one command writes the next one shows."""
    made = stocked("orgs", "create", "late", "--plan", "free", "--name", "Late Ltd")
    changed = stocked("orgs", "set", "late", "--plan", "enterprise", "--json").json
    rows = stocked("orgs", "list", "--json").json

    assert made.out == "Org late created, on the plan free.\n"
    assert (changed["plan"], changed["name"]) == ("enterprise", "Late Ltd")
    assert [(row["slug"], row["plan"]) for row in rows] == [
        ("acme", "pro"),
        ("hobby", "free"),
        ("late", "enterprise"),
    ]
    assert "Late Ltd" in stocked("orgs", "list").out


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("orgs", "create", "acme", "--plan", "pro"), 3),
        (("orgs", "create", "Late!", "--plan", "pro"), 2),
        (("orgs", "create", "late", "--plan", "gold"), 2),
        (("orgs", "set", "nobody", "--plan", "pro"), 3),
        (("keys", "create", "--org", "nobody"), 2),
        (("keys", "create", "--org", "acme", "--expires", "2001-01-01T00:00:00Z"), 2),
        (("keys", "create", "--org", "acme", "--expires", "tomorrow"), 2),
        (("keys", "revoke", "no-such-id"), 3),
        (("keys", "rotate", "no-such-id"), 3),
        (("tokens", "create", "--user", "u", "--org", "acme", "--role", "king"), 2),
        (("tokens", "revoke", "no-such-id"), 3),
    ],
)
def test_what_cannot_be_is_one_sentence(stocked: Shell, command: list[str], code: int) -> None:
    """Wrong values are wrong use; what is not there, or there already, could not be done."""
    ran = stocked(*command)

    assert ran.code == code
    assert len(ran.sentences) == 1


def test_key_is_shown_once_and_kept_nowhere(stocked: Shell) -> None:
    """The secret is on stdout alone; lists, the audit trail and the store's files lack it."""
    ran = stocked("keys", "create", "--org", "acme", "--name", "ci", "--expires", "90d")

    secret, told = ran.out.splitlines()
    presented = parse(secret)
    assert presented is not None
    assert presented.id in told
    listed = stocked("keys", "list", "--org", "acme", "--json")
    (row,) = listed.json
    assert (row["id"], row["name"], row["enabled"]) == (presented.id, "ci", True)
    assert row["expires_at"] is not None
    last = secret.split("_", 2)[2]
    for out in (listed.out, stocked("keys", "list").out, stocked("audit", "--json").out):
        assert last not in out
    for file in stocked.site.glob("store.db*"):
        assert last.encode() not in file.read_bytes()


def test_rotated_key_has_a_new_secret_under_its_id(stocked: Shell) -> None:
    """The old secret stays good for the overlap that was asked for."""
    first = stocked("keys", "create", "--org", "acme", "--json").json
    second = stocked("keys", "rotate", first["id"], "--overlap", "1h", "--json").json

    assert second["id"] == first["id"]
    assert second["key"] != first["key"]
    assert second["old_secret_good_until"] is not None
    assert stocked("keys", "list", "--json").json[0]["old_secret_good_until"] is not None


def test_revoked_key_stays_revoked(stocked: Shell) -> None:
    """The list says so, and it cannot be rotated back to life."""
    made = stocked("keys", "create", "--org", "acme", "--json").json

    revoked = stocked("keys", "revoke", made["id"], "--json").json

    assert revoked["enabled"] is False
    assert revoked["revoked_at"] is not None
    assert stocked("keys", "rotate", made["id"]).code == 2
    assert "nothing brings it back" in stocked("keys", "revoke", made["id"]).out


def test_token_is_created_listed_and_revoked(stocked: Shell) -> None:
    """A user's token works like a key, with a user and a role."""
    options = ("--user", "ana", "--org", "acme", "--role", "org_admin", "--json")
    made = stocked("tokens", "create", *options).json
    assert parse(made["token"]) is not None

    (row,) = stocked("tokens", "list", "--json").json

    assert (row["user"], row["role"], row["org"]) == ("ana", "org_admin", "acme")
    assert "ana" in stocked("tokens", "list").out
    assert stocked("tokens", "revoke", made["id"], "--json").json["enabled"] is False
    assert stocked("keys", "list").out == "There is no key.\n"


def test_key_id_is_not_a_token_id(stocked: Shell) -> None:
    """Each group of commands reaches its own sort only."""
    made = stocked("keys", "create", "--org", "acme", "--json").json

    assert stocked("tokens", "revoke", made["id"]).code == 3
