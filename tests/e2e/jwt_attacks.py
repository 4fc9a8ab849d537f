"""Session tokens that must not count: each a way somebody tried, made from a token that is good."""

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import serialization

from fakes.issuer import FakeIssuer
from fakes.tokens import (
    Part,
    base64url,
    compact,
    ec_key,
    ec_signed,
    encoded,
    public_jwk,
    rsa_key,
    rsa_signed,
    shared_secret,
    unsigned,
)

SECRET = b"a secret that the issuer shares with somebody"
LISTED = [
    public_jwk(rsa_key("spare"), "spare"),
    public_jwk(ec_key("listed"), "curve", use="sig"),
    public_jwk(rsa_key("for encryption"), "for-encryption", use="enc"),
    public_jwk(rsa_key("by operation"), "for-wrapping", key_ops=["wrapKey"]),
    public_jwk(rsa_key("weak", 1024), "weak"),
    public_jwk(rsa_key("bound"), "bound", alg="PS256"),
    public_jwk(ec_key("foreign", "secp256k1"), "foreign-curve"),
    {"kty": "oct", "kid": "shared", "alg": "HS256", "k": base64url(SECRET)},
]
"""What the issuer publishes beside its own key."""


class Attacker:
    """Who has seen a good token and the issuer's keys, and has keys of their own."""

    def __init__(self, issuer: FakeIssuer, other: FakeIssuer, trap: str) -> None:
        self.issuer = issuer
        self.other = other
        """Another issuer that is believed; its key has the same ``kid``."""
        self.trap = trap
        """A URL that nobody must ever call."""
        self.own = rsa_signed(rsa_key("the attacker's"))

    def good(self, **claims: Any) -> str:
        """What the issuer signs."""
        return self.issuer.token(**claims)

    def forged(self, claims: Part | None = None, **header: Any) -> str:
        """Signed with a key of their own."""
        made = self.issuer.header(**header)
        return compact(made, self.issuer.claims() if claims is None else claims, self.own)

    def with_mac(self, secret: bytes, **header: Any) -> str:
        """HS256, over a secret that is none."""
        made = self.issuer.header(**{"alg": "HS256", **header})
        return compact(made, self.issuer.claims(), shared_secret(secret))

    def by(self, kid: str, signer: Callable[[bytes], bytes], **header: Any) -> str:
        """Signed with one of the listed keys."""
        return compact(self.issuer.header(kid=kid, **header), self.issuer.claims(), signer)

    def parts(self, **claims: Any) -> list[str]:
        """A good token in its three parts."""
        return self.good(**claims).split(".")

    def public_key(self, form: str) -> bytes:
        """The issuer's public key as bytes that anybody can have."""
        key = self.issuer.key.public_key()
        if form == "pem":
            return key.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        if form == "der":
            return key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        return base64.urlsafe_b64decode(public_jwk(self.issuer.key)["n"] + "==")


Attack = Callable[[Attacker], str]


def _edited(by: Attacker) -> str:
    """Another user in a token whose signature is kept."""
    header, _, signature = by.parts()
    return f"{header}.{encoded(by.issuer.claims(sub='grace'))}.{signature}"


def _header_edited(by: Attacker) -> str:
    _, payload, signature = by.parts()
    return f"{encoded(by.issuer.header(typ='at+jwt'))}.{payload}.{signature}"


def _swapped(by: Attacker) -> str:
    header, payload, _ = by.parts(role="root")
    return f"{header}.{payload}.{by.parts()[2]}"


def _spare_bits(by: Attacker) -> str:
    """The last character of the signature says the same bytes in another spelling."""
    token = by.good()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def _spare_bits_of_payload(by: Attacker) -> str:
    """The same in the payload, soundly signed."""
    header = encoded(by.issuer.header())
    for padding in range(3):
        claims = json.dumps(by.issuer.claims()) + " " * padding
        payload = base64url(claims.encode())
        if len(payload) % 4 == 2:
            break
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    payload = payload[:-1] + alphabet[alphabet.index(payload[-1]) + 1]
    signed = f"{header}.{payload}"
    return f"{signed}.{base64url(by.issuer.signer(signed.encode()))}"


def _twice(name: str, first: Any, then: Any, by: Attacker) -> bytes:
    """An object with a name twice, which ``json`` would not write."""
    rest = {key: value for key, value in by.issuer.claims().items() if key != name}
    both = f"{json.dumps(name)}: {json.dumps(first)}, {json.dumps(name)}: {json.dumps(then)}"
    return f"{{{both}, {json.dumps(rest)[1:]}".encode()


def _header_twice(by: Attacker) -> str:
    header = b'{"alg": "none", "typ": "JWT", "kid": "first", "alg": "RS256"}'
    return compact(header, by.issuer.claims(), by.issuer.signer)


def _jwe(by: Attacker) -> str:
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "first"}
    return ".".join([encoded(header), *[base64url(b"x" * 16)] * 4])


def _nested(by: Attacker) -> str:
    return by.issuer.signed(by.good().encode(), cty="JWT")


def _json_form(by: Attacker) -> str:
    header, payload, signature = by.parts()
    return json.dumps(
        {"protected": header, "payload": payload, "signature": signature}, separators=(",", ":")
    )


def _other_issuers_key(by: Attacker) -> str:
    """The claims of one issuer, signed by another one whose key has the same name."""
    return by.other.signed(by.issuer.claims())


FORGED: dict[str, dict[str, Attack]] = {
    "": {
        "encrypted": _jwe,
        "in JSON form": _json_form,
        "four parts": lambda by: by.good() + ".e30",
        "two parts": lambda by: by.good().rpartition(".")[0],
        "nothing but dots": lambda _: "eyJ..",
        "with padding": lambda by: by.good() + "==",
        "token without end": lambda by: by.good(more="x" * 20_000),
    },
    "it is not a signed token": {
        "alg none without a signature": lambda by: compact(
            by.issuer.header(alg="none"), by.issuer.claims(), unsigned
        ),
        "signature cut off": lambda by: by.good().rpartition(".")[0] + ".",
    },
    "a part of it is not a JSON object in base64url": {
        "payload spelled otherwise": _spare_bits_of_payload,
        "alg twice": _header_twice,
        "nested": _nested,
        "payload that is a list": lambda by: by.issuer.signed(b'[{"iss": 1}]'),
        "payload that is text": lambda by: by.issuer.signed(b"hello"),
        "payload that is not UTF-8": lambda by: by.issuer.signed(b'{"iss": "\xff"}'),
        "payload with a mark before it": lambda by: by.issuer.signed(
            b"\xef\xbb\xbf" + json.dumps(by.issuer.claims()).encode()
        ),
        "payload with something after it": lambda by: by.issuer.signed(
            json.dumps(by.issuer.claims()).encode() + b"{}"
        ),
        "payload nested without end": lambda by: by.issuer.signed(
            b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}"
        ),
        "payload with a number of 5000 digits": lambda by: by.issuer.signed(
            b'{"exp": ' + b"9" * 5000 + b"}"
        ),
        "iss twice": lambda by: by.issuer.signed(
            _twice("iss", "https://elsewhere.example", by.issuer.name, by)
        ),
        "aud twice": lambda by: by.issuer.signed(_twice("aud", "billing", "tollhouse", by)),
        "exp twice": lambda by: by.issuer.signed(_twice("exp", 1, by.issuer.claims()["exp"], by)),
        "org twice": lambda by: by.issuer.signed(_twice("org", "acme", "globex", by)),
        "exp is infinite": lambda by: by.good(exp=float("inf")),
        "exp is not a number": lambda by: by.good(exp=float("nan")),
    },
    "it names no algorithm": {
        "no alg": lambda by: by.issuer.signed(by.issuer.claims(), alg=None),
        "alg is a list": lambda by: by.issuer.signed(by.issuer.claims(), alg=["RS256"]),
    },
    "its algorithm is not one of the issuer's": {
        "alg none with the signature left on": lambda by: by.issuer.signed(
            by.issuer.claims(), alg="none"
        ),
        "alg NoNe": lambda by: by.forged(alg="NoNe"),
        "alg is empty": lambda by: by.issuer.signed(by.issuer.claims(), alg=""),
        "HS256 by the public key in PEM": lambda by: by.with_mac(by.public_key("pem")),
        "HS256 by the public key in DER": lambda by: by.with_mac(by.public_key("der")),
        "HS256 by the modulus": lambda by: by.with_mac(by.public_key("modulus")),
        "HS256 by an empty secret": lambda by: by.with_mac(b"", kid="../../../dev/null"),
        "HS256 by a secret that the issuer publishes": lambda by: by.with_mac(SECRET, kid="shared"),
        "RS512, which is not among the algorithms": lambda by: compact(
            by.issuer.header(alg="RS512"), by.issuer.claims(), rsa_signed(by.issuer.key, 512)
        ),
        "PS256, which is not among the algorithms": lambda by: compact(
            by.issuer.header(alg="PS256"),
            by.issuer.claims(),
            rsa_signed(by.issuer.key, pss=True),
        ),
    },
    "it has extensions that must be understood": {
        "crit with an extension": lambda by: by.issuer.signed(
            by.issuer.claims(), crit=["exp"], exp=1
        ),
        "crit that is empty": lambda by: by.issuer.signed(by.issuer.claims(), crit=[]),
        "payload that is not encoded": lambda by: by.issuer.signed(
            by.issuer.claims(), b64=False, crit=["b64"]
        ),
        "b64 without crit": lambda by: by.issuer.signed(by.issuer.claims(), b64=False),
    },
    "it is of another type": {
        "another type of token": lambda by: by.issuer.signed(by.issuer.claims(), typ="logout+jwt"),
        "type that is no text": lambda by: by.issuer.signed(by.issuer.claims(), typ=7),
    },
    "it names its key in no usable way": {
        "key id that is a number": lambda by: by.issuer.signed(by.issuer.claims(), kid=1),
        "key id that is a list": lambda by: by.issuer.signed(by.issuer.claims(), kid=["first"]),
        "key id without end": lambda by: by.issuer.signed(by.issuer.claims(), kid="first" * 200),
    },
    "its issuer is not known": {
        "iss of an issuer that is not known": lambda by: by.good(iss="https://elsewhere.example"),
        "iss with a slash": lambda by: by.good(iss=f"{by.issuer.name}/"),
        "iss in capitals": lambda by: by.good(iss=by.issuer.name.upper()),
    },
    "it names no issuer": {
        "no iss": lambda by: by.good(iss=None),
        "iss is a list": lambda by: by.good(iss=[by.issuer.name]),
    },
    "it is meant for somebody else": {
        "aud of another application": lambda by: by.good(aud="billing"),
        "aud is empty": lambda by: by.good(aud=""),
        "aud is an empty list": lambda by: by.good(aud=[]),
        "aud is a list of others": lambda by: by.good(aud=["billing", "mail"]),
        "aud is only the beginning": lambda by: by.good(aud="tollhouse-admin"),
        "aud in capitals": lambda by: by.good(aud="TOLLHOUSE"),
    },
    "it is meant for nobody in particular": {
        "no aud": lambda by: by.good(aud=None),
        "aud is a list with more than text": lambda by: by.good(aud=["tollhouse", 7]),
        "aud is an object": lambda by: by.good(aud={"tollhouse": True}),
    },
    "it was made for another client": {
        "azp of another client": lambda by: by.good(azp="their-app"),
        "no azp": lambda by: by.good(azp=None),
    },
    "its azp is not text": {
        "azp is a list": lambda by: by.good(azp=["our-app"]),
    },
    "its sub is not text": {
        "sub is a number": lambda by: by.good(sub=7),
        "sub is an object": lambda by: by.good(sub={"id": "ada"}),
    },
    "it has no end": {
        "no exp": lambda by: by.good(exp=None),
    },
    "it has expired": {
        "expired": lambda by: by.good(exp=int(by.issuer.claims()["iat"]) - 31),
        "exp is negative": lambda by: by.good(exp=-1),
    },
    "it would be good for too long": {
        "exp is far in the future": lambda by: by.good(exp=4_102_444_800),
    },
    "a time of it is not a number": {
        "exp is text": lambda by: by.good(exp="4102444800"),
        "exp is true": lambda by: by.good(exp=True),
        "exp is a list": lambda by: by.good(exp=[4_102_444_800]),
        "exp is null": lambda by: by.issuer.signed({**by.issuer.claims(), "exp": None}),
        "nbf is text": lambda by: by.good(nbf="0"),
        "iat is an object": lambda by: by.good(iat={}),
    },
    "a time of it is out of all bounds": {
        "exp is beyond every float": lambda by: by.good(exp=10**400),
    },
    "it is not good yet": {
        "nbf in the future": lambda by: by.good(nbf=by.issuer.claims()["iat"] + 120),
        "iat in the future": lambda by: by.good(iat=by.issuer.claims()["iat"] + 120),
    },
    "no key of its issuer has signed it": {
        "ES256 said of an RSA key": lambda by: compact(
            by.issuer.header(alg="ES256"), by.issuer.claims(), ec_signed(ec_key("the attacker's"))
        ),
        "RS256 said of a curve's key": lambda by: by.by("curve", by.own),
        "RS256 by a key that is for PS256": lambda by: by.by("bound", rsa_signed(rsa_key("bound"))),
        "signed by a key of their own": lambda by: by.forged(),
        "signature cut short": lambda by: by.good()[:-8],
        "signature of zeros": lambda by: compact(
            by.issuer.header(), by.issuer.claims(), lambda _: bytes(256)
        ),
        "ES256 signature of zeros": lambda by: by.by("curve", lambda _: bytes(64), alg="ES256"),
        "signature of another token": _swapped,
        "payload edited": _edited,
        "header edited": _header_edited,
        "signature spelled otherwise": _spare_bits,
        "key in the header": lambda by: by.forged(
            jwk=public_jwk(rsa_key("the attacker's"), "first")
        ),
        "key in the header, unnamed": lambda by: by.forged(
            kid=None, jwk=public_jwk(rsa_key("the attacker's"))
        ),
        "keys at a URL in the header": lambda by: by.forged(jku=f"{by.trap}/keys"),
        "keys at a URL in the header under a name of their own": lambda by: by.forged(
            jku=f"{by.trap}/keys", kid="theirs"
        ),
        "certificate at a URL in the header": lambda by: by.forged(x5u=f"{by.trap}/chain.pem"),
        "certificate in the header": lambda by: by.forged(
            x5c=[base64.b64encode(b"x" * 99).decode()]
        ),
        "unknown key": lambda by: by.forged(kid="theirs"),
        "no key named where there are several": lambda by: by.issuer.signed(
            by.issuer.claims(), kid=None
        ),
        "key id that is a path": lambda by: by.forged(kid="../../../../etc/passwd"),
        "key id that is SQL": lambda by: by.forged(kid="x' UNION SELECT 'first' --"),
        "key id that is a URL": lambda by: by.forged(kid=f"{by.trap}/keys"),
        "key id that is a command": lambda by: by.forged(kid="first|/bin/sh -c id"),
        "key id with a NUL": lambda by: by.forged(kid="first\0"),
        "signed by a key for encryption": lambda by: by.by(
            "for-encryption", rsa_signed(rsa_key("for encryption"))
        ),
        "signed by a key for wrapping keys": lambda by: by.by(
            "for-wrapping", rsa_signed(rsa_key("by operation"))
        ),
        "signed by a key of 1024 bits": lambda by: by.by("weak", rsa_signed(rsa_key("weak", 1024))),
        "signed by a key of a curve that is not used": lambda by: by.by(
            "foreign-curve", ec_signed(ec_key("foreign", "secp256k1")), alg="ES256"
        ),
        "signed by another issuer, whose key has the same id": _other_issuers_key,
        "one character too many": lambda by: by.good() + "AAA",
        "iss of the other issuer": lambda by: by.good(iss=by.other.name),
    },
}
"""Tokens that are not good: 401, whatever else they say. By the reason that the log gives for them;
without one they are not even taken for a token."""

STRANGERS: dict[str, dict[str, Any]] = {
    "no org": {"org": None},
    "org that does not exist": {"org": "globex"},
    "org in capitals": {"org": "ACME"},
    "org is a list": {"org": ["acme"]},
    "org is an object": {"org": {"slug": "acme"}},
    "org is empty": {"org": ""},
    "org with a space": {"org": "acme "},
    "org with a line end": {"org": "acme\n"},
    "org with a NUL": {"org": "acme\0"},
    "org is SQL": {"org": "acme' OR '1'='1"},
    "org is a pattern": {"org": "%"},
    "org in other letters": {"org": "аcme"},  # noqa: RUF001 - a Cyrillic letter
    "no role": {"role": None},
    "role that is not mapped": {"role": "owner"},
    "role by our own name": {"role": "system_admin"},
    "role in capitals": {"role": "ADMIN"},
    "role is an object": {"role": {"admin": True}},
    "role is true": {"role": True},
    "role is a list in a list": {"role": [["admin"]]},
    "roles in one text": {"role": "user admin"},
    "no sub": {"sub": None},
    "sub is empty": {"sub": ""},
    "sub is a space": {"sub": " "},
    "sub with a line end": {"sub": "ada\nrole=system_admin"},
    "sub with half a character": {"sub": "ada\ud800"},
    "sub without end": {"sub": "a" * 201},
}
"""Claims of good tokens that stand for nobody here: 403, never a guess."""
