"""Multipart forms: read without doubt, edited without touching a file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tollhouse.core.errors import CallerError, Code
from tollhouse.wire.multipart import MAX_PARTS, Form, parse_form

BOUNDARY = "----WebKitFormBoundaryABC123"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
BINARY = bytes(range(256)) * 3 + b"\r\n--not-it\r\n\r\n--\r\n------WebKit\r\n"
"""Every byte, line breaks, and text that is nearly a delimiter."""


def field(name: str, value: bytes, *, disposition: str = "", more: str = "") -> bytes:
    """One part, up to its delimiter."""
    head = f'Content-Disposition: form-data; name="{name}"{disposition}\r\n{more}\r\n'
    return head.encode() + value


def form(
    *parts: bytes, boundary: str = BOUNDARY, before: bytes = b"", after: bytes = b"\r\n"
) -> bytes:
    """A body of parts."""
    line = b"--" + boundary.encode()
    return (
        before + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--" + after
    )


MODEL = field("model", b"whisper-1")
FILE = field("file", BINARY, disposition='; filename="a.mp3"', more="Content-Type: audio/mpeg\r\n")


def reread(sent: bytes, like: Form) -> Form:
    """The form that an upstream finds in what we send."""
    return parse_form(sent, like.content_type)


def content(parsed: Form, name: str) -> bytes:
    """The bytes of one field."""
    (part,) = [part for part in parsed.parts if part.name == name]
    return parsed.body[part.start : part.end]


def test_fields_and_files_are_found() -> None:
    """Names, text and binary content are those that were written."""
    parsed = parse_form(form(MODEL, FILE, field("empty", b"")), TYPE)
    assert [part.name for part in parsed.parts] == ["model", "file", "empty"]
    assert parsed.text("model") == "whisper-1"
    assert parsed.text("empty") == ""
    assert parsed.text("absent") is None
    assert content(parsed, "file") == BINARY
    assert parsed.parts[1].filename == "a.mp3"


def test_an_edited_model_leaves_every_other_byte() -> None:
    """Only the value of the field changes; file, order and headers are as they were."""
    parsed = parse_form(form(FILE, MODEL, field("language", b"en")), TYPE)
    sent = parsed.with_fields({"model": "other/name"})
    assert sent == form(FILE, field("model", b"other/name"), field("language", b"en"))
    assert content(reread(sent, parsed), "file") == BINARY


def test_fields_that_are_missing_are_put_in_front() -> None:
    """Defaults become fields of their own, and the form is still one."""
    parsed = parse_form(form(MODEL, FILE), TYPE)
    sent = parsed.with_fields({"model": "m", "temperature": "0.2"})
    again = reread(sent, parsed)
    assert [part.name for part in again.parts] == ["temperature", "model", "file"]
    assert again.text("temperature") == "0.2"
    assert content(again, "file") == BINARY


def test_G02_fields_can_be_left_out() -> None:
    """Dropped fields go with all their occurrences; nothing else does."""
    parsed = parse_form(form(field("api_base", b"x"), MODEL, field("api_base", b"y"), FILE), TYPE)
    sent = parsed.with_fields({"model": "m"}, drop={"api_base"})
    assert sent == form(field("model", b"m"), FILE)


def test_editing_does_not_change_the_form() -> None:
    """Each hop is made from the same form."""
    parsed = parse_form(form(MODEL, FILE), TYPE)
    first = parsed.with_fields({"model": "a"})
    assert parsed.with_fields({"model": "b"}) == first.replace(b"\r\n\r\na\r\n", b"\r\n\r\nb\r\n")
    assert parsed.text("model") == "whisper-1"


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"\r\n", b"\r\n"), (b"This is a form.\r\n", b""), (b"", b"\r\nbye"), (b"x\r\n\r\n", b"--x")],
)
def test_text_around_the_form_is_accepted_and_not_sent_on(before: bytes, after: bytes) -> None:
    """Readers are to ignore it (RFC 2046, 5.1.1); a lenient one could read more into it."""
    parsed = parse_form(form(MODEL, FILE, before=before, after=after), TYPE)
    assert parsed.with_fields({"model": "m"}) == form(field("model", b"m"), FILE)


def test_fields_behind_the_last_delimiter_are_no_fields() -> None:
    """A second model in the epilogue neither counts nor gets through."""
    smuggled = form(field("model", b"evil"))
    parsed = parse_form(form(MODEL, after=b"\r\n" + smuggled), TYPE)
    assert parsed.text("model") == "whisper-1"
    assert b"evil" not in parsed.with_fields({"model": "m"})


@pytest.mark.parametrize(
    "boundary", ["x", "a b", "'()+_,-./:=?", "0" * 70, "--", "simple boundary.1"]
)
def test_the_content_type_sent_on_is_ours(boundary: str) -> None:
    """The boundary is the client's, quoted; nothing else of its header is."""
    header = f'Multipart/Form-Data; charset=utf-8; BOUNDARY="{boundary}"; evil="x"'
    parsed = parse_form(form(MODEL, boundary=boundary), header)
    assert parsed.content_type == f'multipart/form-data; boundary="{boundary}"'
    assert reread(parsed.with_fields({"model": "m"}), parsed).text("model") == "m"


@pytest.mark.parametrize(
    "header",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "0" * 71,
        'multipart/form-data; boundary="a "',
        'multipart/form-data; boundary="a\\"b"',
        'multipart/form-data; boundary="a\r\nx: y"',
        'multipart/form-data; boundary="a\n"',
        "multipart/form-data; boundary=ü",
        "multipart/form-data; boundary=a; boundary=b",
        "",
    ],
)
def test_a_boundary_that_is_none_is_refused(header: str) -> None:
    """Missing, too long, doubled and smuggling boundaries are a 400."""
    with pytest.raises(CallerError) as caught:
        parse_form(form(MODEL, boundary="a"), header)
    assert caught.value.code is Code.INVALID_REQUEST_ERROR


LINE = b"--" + BOUNDARY.encode()
NO_FORMS = {
    "empty": b"",
    "JSON": b'{"model":"m"}',
    "another boundary": form(MODEL, boundary="other"),
    "LF only": form(MODEL).replace(b"\r\n", b"\n"),
    "not terminated": form(MODEL)[: -len(b"--\r\n") - len(LINE)],
    "terminated halfway": LINE + b"\r\n" + MODEL + b"\r\n" + LINE,
    "only the end": LINE + b"--\r\n",
    "a longer delimiter first": LINE + b"X\r\n" + MODEL + b"\r\n" + LINE + b"--\r\n",
    "a longer delimiter inside": form(field("a", b"x\r\n" + LINE + b"X\r\ny"), MODEL),
    "a single dash": form(MODEL)[:-3] + b"\r\n",
    "no header": form(MODEL, b"\r\njust text"),
    "no header, and content like one": form(b"\r\n" + MODEL),
    "no blank line": form(b'Content-Disposition: form-data; name="model"'),
    "no disposition": form(b"Content-Type: text/plain\r\n\r\nx"),
    "two dispositions": form(b'Content-Disposition: form-data; name="a"\r\n' + MODEL),
    "no name": form(b"Content-Disposition: form-data\r\n\r\nx"),
    "two names": form(field("a", b"x", disposition='; name="model"')),
    "encoded name": form(field("a", b"x", disposition="; name*=utf-8''model")),
    "folded header": form(b'Content-Disposition: form-data;\r\n name="model"\r\n\r\nx'),
    "too many": form(*[field(f"f{i}", b"") for i in range(MAX_PARTS + 1)]),
    "10 000 parts": form(*[field(f"f{i}", b"") for i in range(10_000)]),
}


@pytest.mark.parametrize("body", NO_FORMS.values(), ids=NO_FORMS)
def test_what_is_no_form_or_an_ambiguous_one_is_refused(body: bytes) -> None:
    """Each is a 400 with a sentence, never an exception of another kind."""
    with pytest.raises(CallerError) as caught:
        parse_form(body, TYPE)
    assert caught.value.status == 400
    assert caught.value.message.endswith(".")


def test_as_many_parts_as_allowed_are_read() -> None:
    """The bound is a bound, not one less."""
    parsed = parse_form(form(*[field(f"f{i}", b"") for i in range(MAX_PARTS)]), TYPE)
    assert len(parsed.parts) == MAX_PARTS


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('; filename="a.mp3"', "a.mp3"),
        ("; filename=a.mp3", "a.mp3"),
        ('; filename="日本🙂.mp3"', "日本🙂.mp3"),
        ('; filename="a; name=model.mp3"', "a; name=model.mp3"),
        ('; filename="a \\"b\\".mp3"', 'a "b".mp3'),
        ("; filename*=UTF-8''%e2%82%ac.mp3", "UTF-8''%e2%82%ac.mp3"),
        ('; FileName="A"', "A"),
    ],
)
def test_file_names_of_all_kinds_are_no_field_names(disposition: str, filename: str) -> None:
    """Quotes, semicolons and letters of any language stay inside the file's name."""
    parsed = parse_form(form(MODEL, field("file", BINARY, disposition=disposition)), TYPE)
    assert [(part.name, part.filename) for part in parsed.parts] == [
        ("model", None),
        ("file", filename),
    ]
    sent = parsed.with_fields({"model": "m"})
    assert disposition.encode() in sent
    assert content(reread(sent, parsed), "file") == BINARY


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (form(MODEL, MODEL), "more than once"),
        (form(field("model", b"\xff")), "not valid UTF-8"),
        (form(field("model", b"m", disposition='; filename="m"')), "must be text"),
        (form(field("model", b"m", disposition="; filename*=UTF-8''m")), "must be text"),
    ],
)
def test_a_text_field_is_one_text(body: bytes, message: str) -> None:
    """Given twice, as a file or in another encoding it is refused, naming the field."""
    parsed = parse_form(body, TYPE)
    with pytest.raises(CallerError, match=message) as caught:
        parsed.text("model")
    assert caught.value.param == "model"


@given(st.binary(max_size=200), st.sampled_from(["", '; filename="f"']))
@settings(max_examples=200, deadline=None)
def test_any_content_survives(data: bytes, disposition: str) -> None:
    """Whatever a file holds goes on byte for byte."""
    parsed = parse_form(form(field("file", data, disposition=disposition), MODEL), TYPE)
    again = reread(parsed.with_fields({"model": "other", "x": "y"}), parsed)
    assert content(again, "file") == data
    assert again.text("model") == "other"


@given(st.lists(st.sampled_from([b"\r\n", LINE, b"--", b"model", MODEL, b"\n", b":"]), max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_body_is_a_form_or_a_400(pieces: list[bytes]) -> None:
    """No body makes the reader fail in another way, and what it accepts reads the same again."""
    try:
        parsed = parse_form(b"".join(pieces), TYPE)
    except CallerError:
        return
    sent = parsed.with_fields({})
    again = reread(sent, parsed)
    assert [part.name for part in again.parts] == [part.name for part in parsed.parts]
    assert again.with_fields({}) == sent
