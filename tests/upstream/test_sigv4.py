"""AWS Signature Version 4, as AWS's own SDK makes it."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.places import usual_place
from tollhouse.providers.bedrock import converse_url
from tollhouse.upstream.sigv4 import Keys, Signer

auth: Any = pytest.importorskip("botocore.auth", reason="AWS's SDK is not installed")
awsrequest: Any = pytest.importorskip("botocore.awsrequest")
credentials: Any = pytest.importorskip("botocore.credentials")

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = Keys("ASIAEXAMPLE", "secret", "token/+==")
NOON = 1_763_640_000.75
HOST = usual_place("bedrock", region="us-east-1") or ""
BEDROCK = converse_url(HOST, "us.anthropic.claude-v1:0", stream=True)
ARN = converse_url(HOST, "arn:aws:bedrock:x:1:prompt-router/a b~c", stream=False)


def theirs(
    keys: Keys, method: str, url: str, headers: dict[str, str], body: bytes, stamp: str
) -> str:
    """The header that botocore's own signer makes for a moment."""
    given_keys = credentials.Credentials(keys.access_key, keys.secret_key, keys.token)
    signer = auth.SigV4Auth(given_keys, "bedrock", "us-east-1")
    request = awsrequest.AWSRequest(method, url, headers=dict(headers), data=body)
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    if keys.token:
        request.headers["X-Amz-Security-Token"] = keys.token
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)
    header: str = request.headers["Authorization"]
    return header


@pytest.mark.parametrize("keys", [KEYS, SESSION])
@pytest.mark.parametrize(
    ("method", "url", "headers", "body"),
    [
        ("POST", BEDROCK, {"content-type": "application/json"}, b'{"messages":[]}'),
        ("POST", ARN, {}, b""),
        ("GET", "https://x.amazonaws.com", {}, b""),
        ("GET", "https://x.amazonaws.com/a?b=c&a=%20&a=1", {}, b""),
        ("POST", "http://127.0.0.1:8080/a/%2F/b", {"X-Amz-Target": " a   b "}, b"x"),
        ("POST", "https://[::1]:443/", {"Content-Type": "a"}, "é".encode()),
    ],
)
def test_a_signature_is_the_SDKs(
    keys: Keys, method: str, url: str, headers: dict[str, str], body: bytes
) -> None:
    """For names, ARNs, queries, ports and tokens."""
    made = Signer("us-east-1", "bedrock").sign(keys, method, url, headers, body, now=NOON)
    stamp = made["x-amz-date"]
    assert stamp == "20251120T120000Z"
    assert made["authorization"] == theirs(keys, method, url, headers, body, stamp)
    assert made.get("x-amz-security-token") == keys.token


@given(
    path=st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=12),
    body=st.binary(max_size=20),
    now=st.integers(0, 4_000_000_000),
)
@settings(max_examples=100, deadline=None)
def test_any_models_signature_is_the_SDKs(path: str, body: bytes, now: int) -> None:
    """Whatever its id is made of, and on any day."""
    url = converse_url("https://host.amazonaws.com", f"m{path}", stream=False)
    made = Signer("us-east-1", "bedrock").sign(KEYS, "POST", url, {}, body, now=now)
    assert made["authorization"] == theirs(KEYS, "POST", url, {}, body, made["x-amz-date"])


def test_what_the_transport_adds_is_not_signed() -> None:
    """A header that is rewritten on the way would break the signature."""
    signer = Signer("us-east-1", "bedrock")
    headers = {"content-type": "a", "accept": "*/*", "user-agent": "x", "authorization": "old"}
    made = signer.sign(KEYS, "POST", BEDROCK, headers, b"", now=NOON)["authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date," in made


def test_the_key_of_a_day_is_worked_out_anew_for_other_keys_and_days() -> None:
    """One signer signs for all of them, as a new one would."""
    signer = Signer("us-east-1", "bedrock")
    for keys in (KEYS, SESSION, KEYS):
        for now in (NOON, NOON + 86_400, NOON):
            made = signer.sign(keys, "POST", BEDROCK, {}, b"", now=now)
            fresh = Signer("us-east-1", "bedrock").sign(keys, "POST", BEDROCK, {}, b"", now=now)
            assert made == fresh


def test_every_part_of_a_request_counts() -> None:
    """Another method, URL, body, type, region, service or key is another signature."""
    body = hashlib.sha256(b"").digest()
    sign = Signer("us-east-1", "bedrock").sign
    kind = {"content-type": "a"}
    made = [
        sign(KEYS, "POST", BEDROCK, kind, body, now=NOON),
        sign(KEYS, "PUT", BEDROCK, kind, body, now=NOON),
        sign(KEYS, "POST", ARN, kind, body, now=NOON),
        sign(KEYS, "POST", BEDROCK, kind, b"", now=NOON),
        sign(KEYS, "POST", BEDROCK, {}, body, now=NOON),
        sign(SESSION, "POST", BEDROCK, kind, body, now=NOON),
        Signer("eu-west-1", "bedrock").sign(KEYS, "POST", BEDROCK, kind, body, now=NOON),
        Signer("us-east-1", "s3").sign(KEYS, "POST", BEDROCK, kind, body, now=NOON),
    ]
    assert len({one["authorization"][-64:] for one in made}) == len(made)


def test_keys_do_not_show_themselves() -> None:
    """Not in a log line, nor in a traceback."""
    assert "secret" not in f"{SESSION!r} {SESSION}"
