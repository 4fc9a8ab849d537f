"""What InvokeModel tells of usage beside the body.

API reference: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html.
"""

import re
from collections.abc import Mapping

INPUT_HEADER = "x-amzn-bedrock-input-token-count"
_COUNT = re.compile(r"\d{1,12}", re.ASCII)


def told_in_headers(headers: Mapping[str, str]) -> int | None:
    """The tokens of the input; None where they are not told."""
    written = headers.get(INPUT_HEADER, "").strip()
    return int(written) if _COUNT.fullmatch(written) else None
