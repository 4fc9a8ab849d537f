"""What one attempt used and cost: the same for whole answers, streams and streams cut short.

The served model's prices are those of the snapshot that the request began with.
"""

import msgspec
from msgspec.structs import replace

from ..core.charge import Charge
from ..core.dialect import Dialect
from ..core.model import Model
from ..core.needs import ModelType
from ..core.prices import PriceClass
from ..core.record import CostStatus
from ..core.usage import Unusable, Usage
from ..pricing.charge import charge, in_credits
from ..pricing.estimate import estimate
from ..pricing.written import write_usage
from ..wire.usage.openai import read_seconds
from ..wire.usage.table import Kind, read_usage
from .call import Call

_UNITS = frozenset(
    {
        PriceClass.REQUEST,
        PriceClass.IMAGE,
        PriceClass.SECOND,
        PriceClass.CHARACTER,
        PriceClass.SEARCH,
    }
)


class Metered(msgspec.Struct, frozen=True, gc=False):
    """A usage (None: not to be believed) and its charge."""

    usage: Usage | None
    charge: Charge


class Meter:
    """Meters one attempt. ``metered`` is what is known so far; None while nothing is."""

    __slots__ = ("_call", "_model", "_spelling", "_translated", "metered")

    def __init__(
        self,
        call: Call,
        model: Model,
        spelling: Dialect | Kind = Dialect.CHAT,
        *,
        translated: bool = False,
    ) -> None:
        """``spelling`` is how the provider tells usage; the client may be told in another."""
        self._call = call
        self._model = model
        self._spelling = spelling
        self._translated = translated
        self.metered: Metered | None = None

    def complete(
        self,
        told: bytes | None,
        tier: str | None,
        *,
        content_bytes: int = 0,
        images: int = 0,
        seconds: bytes | None = None,
    ) -> bytes:
        """Price a whole answer; returns the ``usage`` object that the client gets."""
        call = self._call
        if call.asked.stream and call.endpoint.model_type is ModelType.IMAGE_GENERATION:
            images = call.asked.choices
        usage, status = self._usage(told, tier, content_bytes, images, seconds)
        metered = self._price(usage, status)
        multiplier, credits_used = self._model.credit_multiplier, None
        if multiplier is not None and metered.usage is not None:
            credits_used = in_credits(metered.usage, multiplier)
        return write_usage(
            None if self._translated else told,
            metered.usage,
            metered.charge,
            call.endpoint,
            in_credits=credits_used,
        )

    def cut_short(self, told: bytes | None, tier: str | None, content_bytes: int) -> None:
        """Price an answer that broke off: by the usage so far, else by what was relayed.

        An answer of which nothing came and nothing was reported is not priced at all.
        """
        known = self.metered
        if known is not None:
            if self._spelling is Dialect.MESSAGES and known.usage is not None:
                # Priced with the last event but one, which its client gets the cost in.
                self._price(known.usage, CostStatus.PARTIAL)
            return
        if told is None and content_bytes <= 0:
            return
        usage, _ = self._usage(told, tier, content_bytes, 0, None)
        if self._spelling is Dialect.MESSAGES and isinstance(usage, Usage):
            # Its first event tells the input, and a token or so of output as a placeholder.
            guessed = estimate(self._call.endpoint, self._call.asked.needs, content_bytes)
            output = max(usage.output_tokens, guessed.output_tokens)
            usage = replace(usage, output_tokens=output)
        self._price(usage, CostStatus.PARTIAL)

    def _price(self, usage: Usage | Unusable | None, status: CostStatus) -> Metered:
        priced = charge(self._model.pricing, usage, status=status)
        self.metered = Metered(usage if isinstance(usage, Usage) else None, priced)
        return self.metered

    def _usage(
        self,
        told: bytes | None,
        tier: str | None,
        content_bytes: int,
        images: int,
        seconds: bytes | None,
    ) -> tuple[Usage | Unusable | None, CostStatus]:
        call = self._call
        characters = call.asked.characters
        if told is not None:
            usage = read_usage(
                self._spelling,
                told,
                call.endpoint,
                service_tier=tier,
                images=images,
                characters=characters,
            )
            return usage, CostStatus.EXACT
        if self._units_only():
            length = read_seconds(seconds) if seconds is not None else None
            if length is None and self._by_second():
                return None, CostStatus.UNPRICED
            counted = Usage(
                images=images, characters=characters, microseconds=length or 0, service_tier=tier
            )
            return counted, CostStatus.EXACT
        prompt = self._model.system_prompt
        guessed = estimate(
            call.endpoint,
            call.asked.needs,
            content_bytes,
            prompt_bytes=prompt.size if prompt is not None else 0,
        )
        return guessed, CostStatus.ESTIMATED

    def _units_only(self) -> bool:
        """Whether tokens play no part in the price, so that nothing has to be guessed."""
        table = self._model.pricing
        return table is not None and bool(table.rates) and table.rates.keys() <= _UNITS

    def _by_second(self) -> bool:
        table = self._model.pricing
        return table is not None and PriceClass.SECOND in table.rates
