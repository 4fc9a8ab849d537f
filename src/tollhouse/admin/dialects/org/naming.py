"""The ids by which applications call an org's models: ``<org>/<display name>``, both slugged.

An id is made once, when the model is, and a rename leaves it alone: applications have it in their
code. Where a name is taken, a number stands behind it.
"""

import re
import unicodedata
from collections.abc import Container
from hashlib import sha256

from ....catalogue.names import MAX_NAME

_PLAIN_ORG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAMELESS = "model"
"""What a name becomes that has no letter or digit of ASCII, even without its accents."""
_LONGEST_ORG = 40
_OTHER = re.compile(r"[^a-z0-9.]+")


def new_model_id(org: str, display_name: str, taken: Container[str]) -> str:
    """An id that is none of the ``taken`` ids and aliases."""
    prefix = _prefix(org)
    name = _slug(display_name) or _NAMELESS
    model_id = _cut(f"{prefix}/{name}", "")
    number = 2
    while model_id in taken:
        model_id = _cut(f"{prefix}/{name}", f"-{number}")
        number += 1
    return model_id


def _prefix(org: str) -> str:
    if _PLAIN_ORG.fullmatch(org):
        return org
    # Slugs may differ in signs that ids do not have: two orgs must not come to share their names.
    mark = sha256(org.encode()).hexdigest()[:8]
    return f"{_slug(org)[:_LONGEST_ORG]}-{mark}".lstrip("-.")


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", plain).strip("-.")


def _cut(name: str, suffix: str) -> str:
    return f"{name[: MAX_NAME - len(suffix)].rstrip('-.')}{suffix}"
