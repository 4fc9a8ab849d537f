"""An issuer of session tokens on loopback: it signs, publishes its keys, rotates them, and fails.

In a test::

    async with FakeIssuer() as issuer:
        settings = {"issuer": issuer.name, "audience": "tollhouse", "claims": CLAIMS}
        token = issuer.token(sub="ada", org="acme", role="admin")
        issuer.rotate("second")          # from now on it signs with another key
        issuer.fails(error(503))         # its server answers nothing useful …
        issuer.recovers()                # … until now
"""

import ssl
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from fakes.answers import error, json_answer
from fakes.http_server import Behaviour, Call, Server, Step
from fakes.tokens import Part, Signer, compact, public_jwk, rsa_key, rsa_signed

AUDIENCE = "tollhouse"
CLIENT = "our-app"
"""What its tokens are made for (``azp``)."""
CLAIMS = {
    "org": "org",
    "role": "role",
    "role_map": {
        "admin": "org_admin",
        "user": "member",
        "looker": "viewer",
        "root": "system_admin",
    },
}
"""What the claims of its tokens mean, as settings say it."""


class FakeIssuer:
    """The issuer: ``jwks_url`` is where its keys are."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, seed: str = "") -> None:
        self.server = Server(lambda call: lambda _call: self._played(call))
        self.origin = ""
        """Where its server is."""
        self.name = ""
        """Its ``iss``: where its server is, unless a test says otherwise."""
        self.extra_keys: list[Any] = []
        """Published beside its own."""
        self.document: Any = None
        """Published in place of all its keys."""
        self.discovery: dict[str, Any] = {}
        """Fields of the discovery document that replace the sound ones."""
        self._tls = tls
        self._seed = seed
        self._keys: dict[str, RSAPrivateKey] = {}
        self._current = ""
        self._failing: Behaviour | None = None
        self.rotate("first")

    @property
    def jwks_url(self) -> str:
        """Where its keys are."""
        return f"{self.origin}/keys"

    @property
    def fetches(self) -> int:
        """How often somebody asked for its keys."""
        return sum(call.path == "/keys" for call in self.server.calls)

    @property
    def calls(self) -> list[Call]:
        """Everything that it was asked."""
        return self.server.calls

    async def __aenter__(self) -> Self:
        port = await self.server.start(tls=self._tls)
        self.origin = f"{'http' if self._tls is None else 'https'}://127.0.0.1:{port}"
        self.name = self.origin
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.server.stop()

    # --- What it does ---

    def rotate(self, kid: str) -> None:
        """Publish another key beside the others, and sign with it from now on."""
        self._keys[kid] = rsa_key(f"{self._seed}{kid}")
        self._current = kid

    def withdraw(self, kid: str) -> None:
        """Publish a key no longer."""
        del self._keys[kid]

    def fails(self, behaviour: Behaviour) -> None:
        """Do this about every call until it recovers."""
        self._failing = behaviour

    def recovers(self) -> None:
        """Be sound again."""
        self._failing = None

    def settings(self, **more: Any) -> dict[str, Any]:
        """An entry of ``auth.jwt``; ``more`` replaces or adds, None leaves out."""
        usual = {"issuer": self.name, "audience": AUDIENCE, "claims": CLAIMS}
        made = {**usual, "jwks_url": self.jwks_url, **more}
        return {name: value for name, value in made.items() if value is not None}

    # --- What it signs ---

    def claims(self, **claims: Any) -> dict[str, Any]:
        """The claims of a usual token; those given replace or add, None leaves out."""
        now = int(time.time())
        usual = {
            "iss": self.name,
            "aud": AUDIENCE,
            "azp": CLIENT,
            "sub": "ada",
            "iat": now,
            "exp": now + 300,
            "org": "acme",
            "role": "user",
        }
        return {name: value for name, value in (usual | claims).items() if value is not None}

    def header(self, **fields: Any) -> dict[str, Any]:
        """The header of a usual token, likewise."""
        made = {"alg": "RS256", "typ": "JWT", "kid": self._current, **fields}
        return {name: value for name, value in made.items() if value is not None}

    @property
    def key(self) -> RSAPrivateKey:
        """What it signs with now."""
        return self._keys[self._current]

    @property
    def signer(self) -> Signer:
        """What signs its tokens."""
        return rsa_signed(self.key)

    def token(self, **claims: Any) -> str:
        """A token with these claims, soundly signed."""
        return self.signed(self.claims(**claims))

    def signed(self, claims: Part, **header: Any) -> str:
        """Whatever is given, soundly signed."""
        return compact(self.header(**header), claims, self.signer)

    def _played(self, call: Call) -> Iterator[Step]:
        behaviour = self._failing or self._sound(call)
        yield from behaviour(call)

    def _sound(self, call: Call) -> Behaviour:
        if call.path == "/keys":
            keys = [public_jwk(key, kid, use="sig") for kid, key in self._keys.items()]
            return json_answer(self.document or {"keys": [*keys, *self.extra_keys]})
        if call.path == "/.well-known/openid-configuration":
            return json_answer({"issuer": self.name, "jwks_uri": self.jwks_url, **self.discovery})
        return error(404)
