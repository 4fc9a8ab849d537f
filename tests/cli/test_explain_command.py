"""``tollhouse explain`` says what would happen, from the store or else from the seeds."""

from cli.shell import Shell


def test_explanation_before_there_is_a_store_comes_from_the_seeds(shell: Shell) -> None:
    """Checks, hops and costs are told without anything having been started."""
    options = ("--org", "acme", "--max-tokens", "1000", "--input-tokens", "1000")
    ran = shell("explain", "--model", "lab/large", *options, "--json")

    assert ran.code == 0
    assert ran.json["allowed"] is True
    assert [hop["model"] for hop in ran.json["hops"]] == ["lab/large", "lab/small"]
    assert [hop["estimated_cost"] for hop in ran.json["hops"]] == [None, 0.003]
    assert not (shell.site / "store.db").exists()


def test_explanation_shows_every_check_and_hop_to_people(shell: Shell) -> None:
    """The tables name the checks, the hops in order and the most they may cost."""
    ran = shell("explain", "--model", "lab/large", "--org", "acme", "--input-tokens", "6000")

    assert ran.out.startswith("lab/large for acme (pro): allowed\n")
    for check in ("exists", "enabled", "lifecycle", "org", "tier", "endpoint", "limits"):
        assert f"\n{check} " in ran.out
    assert "no price" in ran.out
    assert "at most 0.008 USD" in ran.out


def test_refusal_is_told_with_its_reasons(shell: Shell) -> None:
    """Explaining a refusal is no failure: the code and every reason are shown."""
    ran = shell("explain", "--model", "lab/large", "--org", "hobby")

    assert ran.code == 0
    assert ran.out.startswith("lab/large for hobby (free): refused: tier_insufficient\n")
    assert "enterprise, pro" in ran.out


def test_hop_that_is_left_out_is_told(shell: Shell) -> None:
    """A failover that the gate refuses is named with the code."""
    ran = shell("explain", "--model", "lab/large", "--plan", "pro", "--needs", "vision")

    assert "left out: lab/small (capability_not_supported)" in ran.out


def test_explanation_with_a_store_is_of_what_is_in_force(stocked: Shell) -> None:
    """Once there is a store, its catalogue, orgs and keys are asked."""
    assert stocked("models", "set", "lab/large", "enabled=false").code == 0
    assert stocked("orgs", "create", "late", "--plan", "pro").code == 0
    key = stocked("keys", "create", "--org", "late", "--json").json["id"]

    for who in (("--org", "late"), ("--key", key)):
        ran = stocked("explain", "--model", "lab/large", *who, "--json")
        assert (ran.json["org"], ran.json["code"]) == ("late", "model_disabled")


def test_unknown_org_key_or_word_is_told(stocked: Shell) -> None:
    """Nobody is explained to who is not there."""
    model = ("explain", "--model", "lab/small")

    assert stocked(*model, "--org", "nobody").code == 3
    assert stocked(*model, "--key", "no-such-id").code == 3
    assert stocked(*model, "--org", "acme", "--needs", "magic").code == 2
    assert stocked(*model, "--org", "acme", "--endpoint", "chats").code == 2
