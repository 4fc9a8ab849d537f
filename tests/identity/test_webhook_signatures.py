"""Signatures of webhooks, by the example of the specification and by an independent reckoning."""

import base64
import hashlib
import hmac

from tollhouse.core.webhook import signing_key
from tollhouse.identity.webhook_signatures import signed_headers


def test_signature_is_that_of_the_published_example() -> None:
    """The example that libraries of Standard Webhooks are tested with."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    headers = signed_headers(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )

    assert headers == [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ]


def test_id_time_and_body_are_all_signed() -> None:
    """Another id, time or body has another signature."""
    key = bytes(range(24))
    signed = b"a.1.body"
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

    def signature(message_id: str, at: int, body: bytes) -> str:
        return dict(signed_headers(key, message_id, at, body))["webhook-signature"]

    assert signature("a", 1, b"body") == f"v1,{expected}"
    others = {signature("b", 1, b"body"), signature("a", 2, b"body"), signature("a", 1, b"")}
    assert len(others | {f"v1,{expected}"}) == 4
