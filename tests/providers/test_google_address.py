"""Where Google is called: its own API with the key in a header, and Vertex AI by location."""

import pytest

from fakes.recorded import Recording, each
from tollhouse.core.places import usual_place
from tollhouse.providers import gemini, vertex

GOOGLE = "https://generativelanguage.googleapis.com"


@pytest.mark.parametrize("base", [GOOGLE, GOOGLE + "/", GOOGLE + "/v1beta", GOOGLE + "/v1beta/"])
def test_methods_of_googles_own_api(base: str) -> None:
    """Each method has its URL, whether the base names the version or not."""
    at = GOOGLE + "/v1beta/models/gemini-2.5-pro:"
    for model in ("gemini-2.5-pro", "models/gemini-2.5-pro"):
        assert gemini.generate_url(base, model, stream=False) == at + "generateContent"
        streamed = gemini.generate_url(base, model, stream=True)
        assert streamed == at + "streamGenerateContent?alt=sse"
        assert gemini.count_url(base, model) == at + "countTokens"
        assert gemini.embed_url(base, model) == at + "batchEmbedContents"


def test_another_version_is_kept() -> None:
    """An operator may name another version, or a proxy's path."""
    for base in ("https://proxy.example/google/v1", "https://proxy.example/v1alpha"):
        assert gemini.count_url(base, "m") == base + "/models/m:countTokens"
    assert gemini.count_url("https://p.example/vx", "m") == (
        "https://p.example/vx/v1beta/models/m:countTokens"
    )


def test_g01_the_key_is_in_a_header() -> None:
    """A key in a URL would stand in every log on its way."""
    assert gemini.credential("AIza-x") == ("x-goog-api-key", "AIza-x")


def test_names_cannot_leave_their_place() -> None:
    """What a model is called is one segment of the path."""
    odd = "../files?x=1#y"
    assert "/models/..%2Ffiles%3Fx%3D1%23y:countTokens" in gemini.count_url(GOOGLE, odd)
    assert "/models/..%2Ffiles%3Fx%3D1%23y:countTokens" in vertex.count_url(
        "p", "global", odd, base_url=GOOGLE
    )
    assert "/projects/a%2Fb/locations/" in vertex.count_url("a/b", "global", "m", base_url=GOOGLE)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_hosts_of_vertex(location: str, host: str) -> None:
    """A region stands before the host, the whole world does not, multi-regions have their own."""
    base = usual_place("vertex", location=location) or ""
    at = f"https://{host}/v1/projects/p/locations/{location}/publishers"
    google, claude = f"{at}/google/models/m:", f"{at}/anthropic/models/claude-x@20250219:"
    assert (
        vertex.generate_url("p", location, "m", stream=False, base_url=base)
        == google + "generateContent"
    )
    streamed = vertex.generate_url("p", location, "m", stream=True, base_url=base)
    assert streamed == google + "streamGenerateContent?alt=sse"
    assert vertex.count_url("p", location, "m", base_url=base) == google + "countTokens"
    assert vertex.embed_url("p", location, "m", base_url=base) == google + "predict"
    name = "claude-x@20250219"
    assert (
        vertex.anthropic_url("p", location, name, stream=False, base_url=base)
        == claude + "rawPredict"
    )
    assert (
        vertex.anthropic_url("p", location, name, stream=True, base_url=base)
        == claude + "streamRawPredict"
    )
    counted = vertex.anthropic_count_url("p", location, base_url=base)
    assert counted == f"{at}/anthropic/models/count-tokens:rawPredict"


def test_another_host_for_vertex() -> None:
    """An operator's own endpoint takes the place of the location's."""
    base = "https://vertex.example/"
    url = vertex.generate_url("p", "global", "m", stream=False, base_url=base)
    assert url == (
        "https://vertex.example/v1/projects/p/locations/global/publishers/google/models/m"
        ":generateContent"
    )


@pytest.mark.parametrize(
    "recording", each("gemini-generate", "gemini-stream", "gemini-embed", "vertex-anthropic")
)
def test_recorded_places_are_ours(recording: Recording) -> None:
    """The URLs that other clients called are those that we build, but for Vertex's version."""
    path, _, method = recording.path.rpartition(":")
    model = path.rpartition("/")[2]
    if "/projects/" not in path:
        made = {
            "generateContent": gemini.generate_url(GOOGLE, model, stream=False),
            "streamGenerateContent": gemini.generate_url(GOOGLE, model, stream=True),
            "batchEmbedContents": gemini.embed_url(GOOGLE, model),
        }[method]
    else:
        project, location = path.split("/")[3], path.split("/")[5]
        base = usual_place("vertex", location=location) or ""
        made = {
            "generateContent": vertex.generate_url(
                project, location, model, stream=False, base_url=base
            ),
            "streamGenerateContent": vertex.generate_url(
                project, location, model, stream=True, base_url=base
            ),
            "rawPredict": vertex.anthropic_url(
                project, location, model, stream=False, base_url=base
            ),
            "streamRawPredict": vertex.anthropic_url(
                project, location, model, stream=True, base_url=base
            ),
        }[method]
    theirs = f"https://{recording.host}{recording.path}".replace("/v1beta1/", "/v1/")
    assert made.partition("?")[0] == theirs
