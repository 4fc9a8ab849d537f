"""Where providers are reached whose place is everybody's: what a configuration may leave out.

References: docs.aws.amazon.com/general/latest/gr/bedrock.html and
cloud.google.com/vertex-ai/generative-ai/docs/learn/locations.
"""

_HOSTED = {
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
    "cohere": "https://api.cohere.com",
}
_CONTINENTS = frozenset({"us", "eu"})
"""Locations of Vertex that are spread over several regions."""


def usual_place(protocol: str, *, region: str = "", location: str = "") -> str | None:
    """The base URL of a protocol that has one; Bedrock's is a region's, Vertex's a location's."""
    match protocol:
        case "bedrock":
            china = ".cn" if region.startswith("cn-") else ""
            return f"https://bedrock-runtime.{region}.amazonaws.com{china}"
        case "vertex" if location == "global":
            return "https://aiplatform.googleapis.com"
        case "vertex" if location in _CONTINENTS:
            return f"https://aiplatform.{location}.rep.googleapis.com"
        case "vertex":
            return f"https://{location}-aiplatform.googleapis.com"
        case _:
            return _HOSTED.get(protocol)
