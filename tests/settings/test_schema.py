"""The bounds of every section, and what the sections become."""

from pathlib import Path

import pytest

from settings.conftest import Faults, Loader
from tollhouse.core.model import Secret, Timeouts
from tollhouse.core.policy import FailoverPolicy
from tollhouse.settings import load

LEAN = "protocol: openai, base_url: 'http://h'"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("server: {listen: 8080}", "server.listen", "must be text (a number needs quotes)"),
        ("server: {listen: 'x'}", "server.listen", "must be host:port"),
        ("server: {workers: 0}", "server.workers", "must be greater than or equal to 1"),
        ("server: {workers: 1.5}", "server.workers", "must be a valid integer"),
        ("server: {workers: true}", "server.workers", "must be a number"),
        ("server: {workers: 1000}", "server.workers", "must be less than or equal to 256"),
        ("server: {max_body_bytes: 0}", "server.max_body_bytes", "must be greater than"),
        ("server: {max_inflight: -1}", "server.max_inflight", "must be greater than"),
        ("server: {drain_seconds: -1}", "server.drain_seconds", "must be greater than"),
        ("server: {drain_seconds: .inf}", "server.drain_seconds", "must be"),
        ("server: {drain_seconds: .nan}", "server.drain_seconds", "must be"),
        ("server: {keepalive_seconds: 0}", "server.keepalive_seconds", "must be greater than 0"),
        ("server: {prot: 1}", "server.prot", "is not a known key"),
        ("serve: {}", "serve", "is not a known key"),
        ("server: []", "server", "must be a mapping"),
        ("store: {url: 5}", "store.url", "must be text"),
        ("store: {url: 'mysql://h'}", "store.url", "must begin with sqlite:///"),
        ("auth: {admin_token: 5}", "auth.admin_token", "must be text"),
        ("auth: {secret_key: AAAA}", "auth.secret_key", "must be 32 bytes in base64, is 3"),
        ("auth: {previous_secret_keys: AAAA}", "auth.previous_secret_keys", "must be a list"),
        ("auth: {previous_secret_keys: [AAAA]}", "auth.previous_secret_keys[0]", "must be 32"),
        ("auth: {upstream_ports: [0]}", "auth.upstream_ports[0]", "must be greater than"),
        ("auth: {upstream_ports: [65536]}", "auth.upstream_ports[0]", "must be less than"),
        ("auth: {upstream_ports: 443}", "auth.upstream_ports", "must be a list"),
        ("auth: {jwt: [{issuer: x}]}", "auth.jwt[0].audience", "is required"),
        ("auth: {jwt: yes}", "auth.jwt", "must be a list"),
        ("auth: {allow_private_upstreams: 7}", "auth.allow_private_upstreams", "must be a valid"),
        ("catalogue: {files: a.yaml}", "catalogue.files", "must be a list"),
        ("catalogue: {files: [none.yaml]}", "catalogue.files[0]", "is not a file"),
        ("catalogue: {hide_denied: maybe}", "catalogue.hide_denied", "must be a valid boolean"),
        ("tiers: {standard: [gold]}", "tiers.standard[0]", "must be 'free', 'pro' or 'enterprise'"),
        ("tiers: {gold: []}", "tiers.gold", "is not a known key"),
        ("tiers: {premium: pro}", "tiers.premium", "must be a list"),
        ("providers: []", "providers", "must be a mapping"),
        ("providers: {'a b': {}}", "providers.a b", "is not a name"),
        ("providers: {lean: {}}", "providers.lean.protocol", "is required"),
        ("providers: {lean: {protocol: openai}}", "providers.lean.base_url", "is required"),
        ("providers: {lean: 5}", "providers.lean", "must be a mapping"),
        ("providers: {lean: {protocol: grpc}}", "providers.lean.protocol", "must be 'openai'"),
        ("providers: {lean: {base_url: h}}", "providers.lean.base_url", "must be an absolute"),
        (f"providers: {{lean: {{{LEAN}, api_key: 'a b'}}}}", "providers.lean.api_key", "must be"),
        (f"providers: {{lean: {{{LEAN}, api_key: 5}}}}", "providers.lean.api_key", "must be text"),
        (
            f"providers: {{lean: {{{LEAN}, api_version: v1}}}}",
            "providers.lean.api_version",
            "is of use only when protocol is azure",
        ),
        (
            "providers: {az: {protocol: azure, base_url: 'http://h'}}",
            "providers.az.api_version",
            "is required when protocol is azure",
        ),
        (
            "providers: {az: {protocol: azure, base_url: 'http://h', api_version: 'a&b=c'}}",
            "providers.az.api_version",
            "is not a version",
        ),
        (
            f"providers: {{lean: {{{LEAN}, headers: {{Host: x}}}}}}",
            "providers.lean.headers.Host",
            "is a header that the gateway sets itself",
        ),
        (
            f"providers: {{lean: {{{LEAN}, headers: {{'a b': x}}}}}}",
            "providers.lean.headers.a b",
            "is not a header's name",
        ),
        (
            f'providers: {{lean: {{{LEAN}, headers: {{x-a: "b\\r\\nc: d"}}}}}}',
            "providers.lean.headers.x-a",
            "is not a header's value",
        ),
        (
            f"providers: {{lean: {{{LEAN}, timeouts: {{idle: 0}}}}}}",
            "providers.lean.timeouts.idle",
            "must be greater than 0",
        ),
        (
            f"providers: {{lean: {{{LEAN}, transport: curl}}}}",
            "providers.lean.transport",
            "must be 'auto' or 'httpx'",
        ),
        (
            f"providers: {{lean: {{{LEAN}, max_connections: 0}}}}",
            "providers.lean.max_connections",
            "must be greater than",
        ),
        ("timeouts: {connect: 0}", "timeouts.connect", "must be greater than 0"),
        ("timeouts: {first_byte: 0}", "timeouts.first_byte", "must be greater than 0"),
        ("timeouts: {idle: -5}", "timeouts.idle", "must be greater than 0"),
        ("timeouts: {total: 1000000}", "timeouts.total", "must be less than or equal to 86400"),
        ("timeouts: {total: null}", "timeouts.total", "must be a valid number"),
        ("failover: {max_attempts: 0}", "failover.max_attempts", "must be greater than"),
        ("failover: {retries: -1}", "failover.retries", "must be greater than"),
        ("failover: {retry_after_cap: -1}", "failover.retry_after_cap", "must be greater than"),
        ("failover: {commit_after: soon}", "failover.commit_after", "must be a valid number"),
        ("telemetry: {metrics_token: short}", "telemetry.metrics_token", "must be at least 16"),
        ("telemetry: {log: xml}", "telemetry.log", "must be 'json' or 'text'"),
        ("telemetry: {log_level: trace}", "telemetry.log_level", "must be 'debug', 'info'"),
        (
            "telemetry: {otlp_endpoint: 'http://h:4318'}",
            "telemetry.otlp_endpoint",
            "export of traces is not built yet",
        ),
        ("ledger: {dir: [a]}", "ledger.dir", "is not a valid path"),
        ("limits: {}", "limits", "is not a known key"),
    ],
)
def test_impossible_value_is_a_fault_with_its_path(
    faults_of: Faults, text: str, path: str, message: str
) -> None:
    """Every key refuses what it cannot be, by its dotted path, in words of its own."""
    told = faults_of(text)
    assert message in told[path]


def test_sections_become_the_nouns_of_the_house(load_text: Loader) -> None:
    """Providers, tiers, time limits and the failover policy come out as core's own types."""
    settings = load_text(
        """
        timeouts: {connect: 1, first_byte: 2, idle: 3, total: 4}
        failover: {max_attempts: 7, retries: 0, retry_after_cap: 1.5, commit_after: 0}
        tiers: {premium: [enterprise]}
        providers:
          az:
            protocol: azure
            base_url: https://h.example/
            api_key: k
            api_version: 2024-10-21
            headers: {X-Team: a, x-cost: "12"}
            timeouts: {idle: 9}
            transport: httpx
            max_connections: 5
        """
    )
    provider = settings.provider_map()["az"]
    assert provider.name == "az"
    assert provider.protocol == "azure"
    assert provider.base_url == "https://h.example"
    assert provider.api_key == Secret("k")
    assert provider.api_version == "2024-10-21"
    assert provider.headers == (("x-team", "a"), ("x-cost", "12"))
    assert provider.timeouts == Timeouts(connect=1, first_byte=2, idle=9, total=4)
    assert (provider.transport, provider.max_connections) == ("httpx", 5)
    assert settings.default_timeouts() == Timeouts(1, 2, 3, 4)
    assert settings.failover_policy() == FailoverPolicy(7, 0, 1.5, 0)
    assert settings.tier_map() == {
        "standard": {"free", "pro", "enterprise"},
        "premium": {"enterprise"},
    }


def test_defaults_are_those_of_core() -> None:
    """Where core has a default too, it is the same one."""
    settings = load(None, {})
    assert settings.default_timeouts() == Timeouts()
    assert settings.failover_policy() == FailoverPolicy()


def test_relative_paths_start_at_the_file(load_text: Loader, tmp_path: Path) -> None:
    """The store, the journal and the seeds are found from wherever the command is started."""
    (tmp_path / "seeds.yaml").touch()
    settings = load_text("catalogue: {files: [seeds.yaml]}")
    assert settings.store.url == f"sqlite:///{tmp_path}/data/tollhouse.db"
    assert settings.ledger.dir == tmp_path / "data" / "ledger"
    assert settings.catalogue.files == (tmp_path / "seeds.yaml",)


def test_settings_cannot_be_changed(load_text: Loader) -> None:
    """A section is frozen."""
    settings = load_text("")
    with pytest.raises(ValueError, match="frozen"):
        settings.server.workers = 2


def test_G01_settings_do_not_show_their_secrets(load_text: Loader) -> None:
    """No secret is in the text of the settings."""
    settings = load_text(
        f"""
        auth: {{admin_token: canary-Zk3v9Qw8Lm2Xr7Tb5Yn1Hd6Pf4,
               secret_key: yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=}}
        store: {{url: "postgresql://u:canary@h/d"}}
        telemetry: {{metrics_token: canary-0123456789}}
        providers: {{lean: {{{LEAN}, api_key: sk-canary, headers: {{x-k: canary}}}}}}
        """
    )
    assert "canary" not in f"{settings} {settings!r} {settings.provider_map()['lean'].api_key}"
    assert "yMnKy8" not in repr(settings)
    assert settings.auth.secret_key not in (None, b"")
