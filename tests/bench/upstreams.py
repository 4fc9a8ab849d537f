"""What the subjects are pointed at: nginx with canned answers, or the scripted provider.

Both answer in OpenAI's words, and in Anthropic's what is asked at Anthropic's path.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import canned
from bench.machine import free_port
from bench.process import Chat, Cores, ask, started, until_it_answers

SCRIPT = Path(__file__).with_name("scripted_upstream.py")
_NGINX = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; client_max_body_size 64m;
  client_body_temp_path {folder}/body;
  {content}
}}
"""
_CANNED = """\
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/json;
    location / {{ return 200 '{answer}'; }}
    location = {messages} {{ return 200 '{message}'; }}
  }}
"""


def nginx_command(folder: Path, content: str) -> list[str]:
    """A single nginx process with this inside its ``http`` block; its files go to ``folder``."""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, content=content))
    return [shutil.which("nginx") or "nginx", "-p", str(folder), "-c", str(config)]


@contextmanager
def fast_upstream(cores: Cores, folder: Path) -> Iterator[Chat]:
    """An upstream that answers as fast as it can: nginx where it is installed."""
    if shutil.which("nginx") is None:
        with scripted_upstream(cores, folder) as chat:
            yield chat
        return
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    content = _CANNED.format(
        port=port,
        answer=canned.whole().decode(),
        messages=canned.MESSAGES,
        message=canned.message().decode(),
    )
    with started(nginx_command(folder, content), cores.load, folder) as process:
        chat = Chat(port)
        until_it_answers(process, chat, b"{}")
        yield chat


@contextmanager
def scripted_upstream(cores: Cores, folder: Path) -> Iterator[Chat]:
    """An upstream that reads what it is sent and paces its streams from ``begin`` on."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(SCRIPT), "--port", str(port)]
    with started(command, cores.load, folder) as process:
        chat = Chat(port)
        until_it_answers(process, chat, b"{}")
        yield chat


def begin(upstream: Chat, rate: float) -> None:
    """Let a scripted upstream send ``rate`` events a second, over all streams that are open."""
    ask(replace(upstream, path=f"/begin/{rate}"), b"{}")
