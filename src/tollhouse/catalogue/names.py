"""What may stand as a name: model ids, aliases, and the parts of an upstream's URL.

Each function answers with what is wrong, or None. A name that passes can be put into a URL path
as it is without meaning another path.
"""

MAX_NAME = 128
_UNSAFE = frozenset("%?#\\")


def name_fault(name: str) -> str | None:
    """What is wrong with a model id, an alias or an upstream's model name; slashes are fine."""
    if not name:
        return "must not be empty"
    if len(name) > MAX_NAME:
        return f"must have at most {MAX_NAME} characters"
    if not _visible(name):
        return "must not hold white space or control characters"
    if name[0] == "/" or name[-1] == "/":
        return "must not start or end with /"
    unsafe = sorted(_UNSAFE.intersection(name))
    if unsafe:
        return f"must not hold {' '.join(unsafe)} (unsafe in a URL)"
    if not {"", ".", ".."}.isdisjoint(name.split("/")):
        return "holds an unsafe path segment: none may be empty, . or .."
    return None


def segment_fault(name: str) -> str | None:
    """What is wrong with a name that must be one single path segment."""
    if "/" in name:
        return "holds an unsafe path segment: it must not hold /"
    return name_fault(name)


def slug_fault(name: str) -> str | None:
    """What is wrong with the slug of an org."""
    if not name:
        return "must not be empty"
    if len(name) > MAX_NAME:
        return f"must have at most {MAX_NAME} characters"
    if not _visible(name):
        return "must not hold white space or control characters"
    return None


def _visible(name: str) -> bool:
    # Not printable are controls, format characters, surrogates and every space but U+0020.
    return name.isprintable() and " " not in name
