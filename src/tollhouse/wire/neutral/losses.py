"""What a target cannot say: refused by name, or dropped and told where the model allows it.

Only knobs are ever dropped. A writer asks here before it leaves anything out, so nothing goes in
silence.
"""

from ...core.errors import CallerError, Code


class Unsupported(CallerError):
    """The target has no words for a field of the request. Nothing has been sent."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(Code.UNSUPPORTED_PARAMETER, message, param=param)


class Losses:
    """Collects what one translation leaves out."""

    __slots__ = ("_allowed", "_told", "dropped")

    def __init__(self, *, allowed: bool) -> None:
        """``allowed`` is the model's ``unsupported_params: drop``."""
        self._allowed = allowed
        self._told: set[str] = set()
        self.dropped: list[str] = []
        """The client's names of what was left out, in order, for ``x-tollhouse-dropped-params``."""

    def knob(self, param: str) -> None:
        """A knob that the target lacks: dropped where that is allowed, else refused."""
        if not self._allowed:
            message = f"{param} is not something that this model's provider can be asked for."
            raise Unsupported(param, message)
        self.hint(param)

    def hint(self, param: str) -> None:
        """Something the client can do without this once: left out and told, never refused."""
        if param not in self._told:
            self._told.add(param)
            self.dropped.append(param)

    def essential(self, param: str, what: str) -> Unsupported:
        """Something without which the answer would be another: to be raised."""
        return Unsupported(param, f"{param}: this model's provider cannot be given {what}.")
