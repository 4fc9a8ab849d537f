"""The peers: how each is started in front of one upstream, as lean as it can be.

A peer lives in a folder of its own below the folder for peers (``installs``); one that is not there
is skipped. Each is given its cheapest set-up that relays chats to one upstream: one worker, no
retries, no health checks where they can be switched off, logs to nowhere. Those that translate have
a second set-up, whose upstream speaks Anthropic's dialect.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bench import canned
from bench.machine import free_port
from bench.process import Chat, Launch
from bench.subjects import Subject
from bench.upstreams import nginx_command

_PROXY = """\
  upstream provider {{
    server 127.0.0.1:{upstream}; keepalive 2048; keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 600;
    }}
  }}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A reverse proxy without any logic: the floor."""

    name: str = "nginx"
    slow: bool = False

    def version(self) -> str:
        """From its own word."""
        return first_line(["nginx", "-v"]).rpartition("/")[2]

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """A proxy that neither buffers nor logs."""
        port = free_port()
        content = _PROXY.format(upstream=upstream.port, port=port)
        return Launch(nginx_command(folder, content), Chat(port))


@dataclass(frozen=True, slots=True)
class Envoy:
    """A reverse proxy in C++."""

    home: Path
    name: str = "envoy"
    slow: bool = False

    def version(self) -> str:
        """From its own word."""
        told = re.search(r"/(\d+\.\d+\.\d+)/", first_line([*self._command, "--version"]))
        return told[1] if told else "?"

    @property
    def _command(self) -> list[str]:
        return [str(self.home / "bin/envoy")]

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """One worker, one route, no access log."""
        port = free_port()
        config = folder / "envoy.json"
        config.write_text(json.dumps(envoy_config(port, upstream.port)))
        argv = [*self._command, "--config-path", str(config), "--concurrency", "1"]
        return Launch([*argv, "--disable-hot-restart", "--log-level", "critical"], Chat(port))


@dataclass(frozen=True, slots=True)
class Router:
    """A router in Rust with a Python launcher: vLLM's and SGLang's are cousins."""

    home: Path
    name: str
    command: Sequence[str]
    slow: bool = False

    def version(self) -> str:
        """Its package's."""
        return package_version(self.home, self.name)

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """One worker behind it, taken in turn, without retries."""
        del folder
        port = free_port()
        argv = [str(self.home / "bin" / self.command[0]), *self.command[1:]]
        argv += ["--host", "127.0.0.1", "--port", str(port)]
        argv += ["--worker-urls", f"http://127.0.0.1:{upstream.port}"]
        argv += ["--policy", "round_robin", "--disable-retries", "--disable-circuit-breaker"]
        argv += ["--max-concurrent-requests", "20000", "--max-payload-size", str(64 << 20)]
        argv += ["--prometheus-host", "127.0.0.1", "--prometheus-port", str(free_port())]
        return Launch([*argv, "--log-level", "error"], Chat(port))


@dataclass(frozen=True, slots=True)
class Litellm:
    """The best-known gateway in Python."""

    home: Path
    name: str = "litellm"
    slow: bool = True
    translates: bool = False

    def version(self) -> str:
        """Its package's."""
        return package_version(self.home, self.name)

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """One worker with a master key and one model."""
        port = free_port()
        url = f"http://127.0.0.1:{upstream.port}"
        parameters = {
            "model": f"anthropic/{canned.CLAUDE}" if self.translates else f"openai/{canned.MODEL}",
            "api_base": url if self.translates else f"{url}/v1",
            "api_key": "none",
        }
        config = folder / "litellm.yaml"
        content = {
            "model_list": [{"model_name": "bench/chat", "litellm_params": parameters}],
            "general_settings": {"master_key": "sk-bench"},
            "litellm_settings": {"num_retries": 0, "telemetry": False},
        }
        config.write_text(yaml.safe_dump(content))
        argv = [str(self.home / "bin/litellm"), "--config", str(config), "--host", "127.0.0.1"]
        argv += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        return Launch(argv, Chat(port, {"authorization": "Bearer sk-bench"}), env)

    def translating(self) -> Subject:
        """The same worker with a model of Anthropic's."""
        return replace(self, translates=True)


_ON_LOOPBACK = """\
const net = require("net"), listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const ready = rest.find((one) => typeof one === "function");
  return listen.call(this, Number(port), "127.0.0.1", ready);
};
"""


@dataclass(frozen=True, slots=True)
class Portkey:
    """A gateway in TypeScript on Node."""

    home: Path
    name: str = "portkey"
    slow: bool = True
    translates: bool = False

    @property
    def _package(self) -> Path:
        return self.home / "node_modules/@portkey-ai/gateway"

    def version(self) -> str:
        """Its package's."""
        told: str = json.loads((self._package / "package.json").read_text())["version"]
        return told

    def launch(self, folder: Path, upstream: Chat) -> Launch:
        """Without its console, and kept to loopback, for which it has no option."""
        port = free_port()
        preload = folder / "loopback.cjs"
        preload.write_text(_ON_LOOPBACK)
        argv = [shutil.which("node") or "node", "--require", str(preload)]
        argv += [str(self._package / "build/start-server.js"), f"--port={port}", "--headless"]
        headers = {
            "x-portkey-provider": "anthropic" if self.translates else "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{upstream.port}/v1",
        }
        env = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}
        chat = Chat(port, headers)
        if self.translates:
            # The model's name goes through as it is.
            chat = replace(chat, model=canned.CLAUDE)
        return Launch(argv, chat, env)

    def translating(self) -> Subject:
        """The same, told by a header that its provider is Anthropic."""
        return replace(self, translates=True)


def present(folder: Path | None) -> list[Subject]:
    """The peers that can be started, fastest kind first."""
    found: list[Subject] = []
    if shutil.which("nginx"):
        found.append(Nginx())
    if folder is None:
        return found
    known: list[tuple[str, Subject]] = [
        ("envoy/bin/envoy", Envoy(folder / "envoy")),
        (
            "vllm-router/bin/vllm-router",
            Router(folder / "vllm-router", "vllm-router", ["vllm-router"]),
        ),
        (
            "sglang-router/bin/sglang-router",
            Router(folder / "sglang-router", "sglang-router", ["sglang-router", "launch"]),
        ),
        ("portkey/node_modules/@portkey-ai/gateway", Portkey(folder / "portkey")),
        ("litellm/bin/litellm", Litellm(folder / "litellm")),
    ]
    return found + [peer for place, peer in known if (folder / place).exists()]


def envoy_config(port: int, upstream: int) -> dict[str, object]:
    """A listener, a route and a cluster, with the limits out of the way."""

    def at(number: int) -> dict[str, object]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    kind = "type.googleapis.com/envoy.extensions.filters"
    route = {"match": {"prefix": "/"}, "route": {"cluster": "provider", "timeout": "0s"}}
    connections = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "stream_idle_timeout": "0s",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{kind}.http.router.v3.Router"},
            }
        ],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": connections}
    most = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), 20_000)
    endpoint = {"lb_endpoints": [{"endpoint": {"address": at(upstream)}}]}
    cluster = {
        "name": "provider",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [most]},
        "load_assignment": {"cluster_name": "provider", "endpoints": [endpoint]},
    }
    listener = {"name": "chat", "address": at(port), "filter_chains": [{"filters": [network]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def package_version(home: Path, package: str) -> str:
    """The version of a package in a virtual environment."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return first_line([str(home / "bin/python"), "-c", code])


def first_line(command: Sequence[str]) -> str:
    """The first line that a command says; a question mark if it says none."""
    try:
        ran = subprocess.run(  # noqa: S603 - a peer's own command
            command, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return "?"
    said = [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
    return said[0].strip() if said else "?"
