"""Signatures of what is sent to webhooks, as Standard Webhooks has them (version 1, symmetric).

What is signed is ``<id>.<timestamp>.<body>``, by HMAC-SHA256. Source: the Standard Webhooks
specification at https://github.com/standard-webhooks/standard-webhooks.
"""

import base64
import hashlib
import hmac


def signed_headers(
    key: bytes, message_id: str, timestamp: int, body: bytes
) -> list[tuple[str, str]]:
    """The three headers of one attempt; ``timestamp`` is in Unix seconds."""
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", f"v1,{base64.b64encode(digest).decode()}"),
    ]
