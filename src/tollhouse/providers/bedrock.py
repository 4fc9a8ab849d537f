"""Amazon Bedrock: the URLs of its runtime.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/welcome.html, "Bedrock Runtime".
The model stands in the path, be it a name, an inference profile or an ARN: one segment, with every
character percent-encoded that is not unreserved, as AWS's own SDKs write it. The signature covers
the path as it is sent.
"""

from urllib.parse import quote

from ..core.dialect import Dialect
from ..core.model import Target
from ..core.needs import Endpoint

Header = tuple[str, str]


def converse_url(base: str, model_id: str, *, stream: bool) -> str:
    """Where Converse, or ConverseStream, is asked."""
    return _url(base, model_id, "converse-stream" if stream else "converse")


def invoke_url(base: str, model_id: str, *, stream: bool) -> str:
    """Where a model is asked in its own protocol."""
    return _url(base, model_id, "invoke-with-response-stream" if stream else "invoke")


def count_tokens_url(base: str, model_id: str) -> str:
    """Where tokens are counted; geographic inference profiles cannot be asked."""
    return _url(base, model_id, "count-tokens")


def _url(base: str, model_id: str, operation: str) -> str:
    return f"{base.rstrip('/')}/model/{quote(model_id, safe='')}/{operation}"


def locate(
    target: Target, endpoint: Endpoint, dialect: Dialect | None, *, stream: bool
) -> tuple[str, Header | None]:
    """The URL of what is asked at ``endpoint``; a key is one of Bedrock's own, a bearer."""
    base, model, key = target.provider.base_url, target.upstream_model, target.provider.api_key
    bearer = None if key is None else ("authorization", f"Bearer {key.reveal()}")
    if endpoint is Endpoint.COUNT_TOKENS:
        return count_tokens_url(base, model), bearer
    if dialect is Dialect.CONVERSE:
        return converse_url(base, model, stream=stream), bearer
    return invoke_url(base, model, stream=stream), bearer
