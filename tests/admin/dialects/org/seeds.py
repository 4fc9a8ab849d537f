"""The three documents of the API that this dialect speaks, field by field, in their own words.

Seed 000 is the update without its layout, 001 the create, 002 the update with types, the request
and the answer in full. A row quotes what they say of a field, and lists values that follow from it.
"""

from dataclasses import dataclass
from typing import Any

from admin.dialects.org.org_desk import BASE, PROMPT


@dataclass(frozen=True)
class Said:
    """One field of a body."""

    seeds: str
    name: str
    quotes: tuple[str, ...]
    good: tuple[Any, ...]
    """Its example, its bounds, and what else the words allow."""
    bad: tuple[Any, ...]
    null: Any = None
    """What a null, where it is documented, comes to in the answer; ``REFUSED`` is a 422."""

    def __str__(self) -> str:
        return f"{self.seeds}-{self.name}"


REFUSED = object()

DISPLAY_NAMES = ("x", "x" * 200, "Modèle « été »", "👩\u200d💻 assistant")
NO_NAMES = ("", "x" * 201, 5, True, ["x"], {"en": "x"}, "two\nlines")
NO_WINDOWS = (0, -1, 2_000_001, 1.5, "8192", True, [8192], 2**40)
NO_OUTPUTS = (0, -1, 200_001, 1.5, "4096", True, [4096])
NO_SWITCHES: tuple[Any, ...] = ("true", 1, 0, [True], {})
ANYTHING: tuple[Any, ...] = (
    *(
        "<unknown>",
        {},
        [],
        0,
        1.5,
        False,
        "",
        {"team": "finance", "tags": ["a", None, {"b": None}]},
    ),
    *([1, "x", None], {"a": {"b": [1, 2.25, True]}}),
)
TOO_MUCH = ({"x": "y" * 20_000}, ["x" * 16_384])
NO_PROMPTS = (5, True, [PROMPT], "", "nobody", "00000000-0000-0000-0000-000000000000")
TEXTS = ("<string>", "You are a helpful assistant.", "", "x" * 50_000, "é" * 50_000)
NO_TEXTS = ("x" * 50_001, 5, ["x"], {"text": "x"})
NO_PARENTS = ("", "x" * 37, 5, [BASE], "nobody", "00000000-0000-0000-0000-000000000000")

UPDATE = [
    Said(
        "000 002",
        "displayName",
        (
            *("string | null", "Updated display name for the model"),
            *("Required string length: 1 - 200", '"Updated large-model Model"'),
        ),
        ("Updated large-model Model", *DISPLAY_NAMES),
        NO_NAMES,
        null="Large",
    ),
    Said(
        "000 002",
        "contextWindow",
        ("integer | null", "Updated context window size", "1 <= x <= 2000000", "8192"),
        (8192, 1, 2_000_000),
        NO_WINDOWS,
        null=2_000_000,
    ),
    Said(
        "000 002",
        "maxTokensPerRequest",
        ("integer | null", "Updated maximum tokens per request", "1 <= x <= 200000", "4096"),
        (4096, 1, 200_000),
        NO_OUTPUTS,
        null=200_000,
    ),
    Said(
        "000 002",
        "supportsStreaming",
        ("boolean | null", "Updated streaming support status", "true"),
        (True, False, True),
        NO_SWITCHES,
        null=True,
    ),
    Said(
        "000 002",
        "enabled",
        ("boolean | null", "Updated enabled status", "true"),
        (True, False, True),
        NO_SWITCHES,
        null=True,
    ),
    Said("002", "metadata", ("any", '"metadata": "<unknown>"'), ANYTHING, TOO_MUCH, null={}),
    Said(
        "000 002",
        "systemPromptId",
        ("string | null", "Updated system prompt composition ID", f'"{PROMPT}"'),
        (PROMPT,),
        NO_PROMPTS,
    ),
    Said(
        "000 002",
        "systemPrompt",
        ("string | null", "Updated system prompt override", "Maximum string length: 50000"),
        TEXTS,
        NO_TEXTS,
    ),
    Said(
        "000 002",
        "parentModelId",
        (
            *("string | null", "Required string length: 1 - 36", f'"{BASE}"'),
            "Updated parent model ID.",
            "Changes which system model this model inherits pricing and capabilities from.",
        ),
        (BASE,),
        NO_PARENTS,
        null=REFUSED,
    ),
]

CREATE = [
    Said(
        "001",
        "parentModelId",
        (
            "ID of the system model to use as the base.",
            "User models must reference a system model to inherit pricing and capabilities.",
            *("1 - 36", f'"{BASE}"'),
        ),
        (BASE,),
        NO_PARENTS,
        null=REFUSED,
    ),
    Said(
        "001",
        "displayName",
        (
            "Your model's human-readable name shown in dashboards and responses",
            *("1 - 200", '"large-model Omni"', '"reasoning-model 3.5 Sonnet"'),
            '"Custom Support Model"',
        ),
        (
            *("large-model Omni", "reasoning-model 3.5 Sonnet", "Custom Support Model"),
            *DISPLAY_NAMES,
        ),
        NO_NAMES,
        null=REFUSED,
    ),
    Said(
        "001",
        "contextWindow",
        (
            "Maximum tokens considered at once",
            *("1 <= x <= 2000000", "4096", "8192", "32768", "128000"),
        ),
        (4096, 8192, 32768, 128_000, 1, 2_000_000),
        NO_WINDOWS,
        null=2_000_000,
    ),
    Said(
        "001",
        "maxTokensPerRequest",
        (
            "Upper bound for tokens the model may generate in a single response.",
            "If not specified, inherits from parent model.",
            *("1 <= x <= 200000", "1000"),
        ),
        (1000, 1, 200_000),
        NO_OUTPUTS,
        null=200_000,
    ),
    Said(
        "001",
        "supportsStreaming",
        ("Whether the provider/model supports SSE (Server-Sent Events) streaming responses.",),
        (True, False),
        NO_SWITCHES,
        null=True,
    ),
    Said(
        "001",
        "enabled",
        ("Enable/disable this model for your organization without deleting it.",),
        (True, False),
        NO_SWITCHES,
        null=True,
    ),
    Said("001", "metadata", ("any",), ANYTHING, TOO_MUCH, null={}),
    Said(
        "001",
        "systemPromptId",
        ("ID of a system prompt composition to use for this model.", f'"{PROMPT}"'),
        (PROMPT,),
        NO_PROMPTS,
    ),
    Said(
        "001",
        "systemPrompt",
        (
            "Full system prompt override (escape hatch).",
            "If set, bypasses particle-based composition and uses this text directly.",
            "50000",
        ),
        TEXTS,
        NO_TEXTS,
    ),
]

ANSWER = [
    ("id", str, "Unique identifier for the model"),
    ("displayName", str, "Human-readable display name"),
    ("contextWindow", int, "Model's context window size in tokens"),
    ("supportsStreaming", bool, "Whether the model supports streaming"),
    ("enabled", bool, "Whether the model is enabled"),
    ("isSystemModel", bool, "Whether this is a company-provided base model"),
    ("createdAt", str, "When the model was created"),
    ("updatedAt", str, "When the model was last updated"),
    ("description", str | None, "Model description"),
    ("provider", str | None, "AI provider name (NULL for user models, inherited from parent)"),
    (
        "modelName",
        str | None,
        "Provider-specific model identifier (NULL for user models, inherited from parent)",
    ),
    ("maxTokensPerRequest", int | None, "Maximum tokens per request"),
    ("supportsTools", bool, "Whether the model supports tool/function calling"),
    ("supportsVision", bool, "Whether the model supports vision/image inputs"),
    ("supportsReasoning", bool, "Whether the model supports reasoning/thinking tokens"),
    (
        "creditMultiplier",
        int | None,
        "Credit multiplier for billing (system models only, user models inherit from parent)",
    ),
    ("modelTier", str, "Access tier for this model."),
    ("lifecycleState", str, "Current lifecycle state of the model."),
    ("endOfLifeAt", str | None, "Scheduled end-of-life date for this model."),
    ("deprecationMessage", str | None, "User-facing deprecation notice."),
    ("replacementModelId", str | None, "ID of the suggested replacement model"),
    ("isRecommended", bool, "Whether this model is recommended for new configurations."),
    ("metadata", object, "any"),
    ("parentModelId", str | None, "ID of the parent system model (for user models)"),
    ("systemPromptId", str | None, "ID of the system prompt composition assigned to this model"),
    (
        "systemPrompt",
        str | None,
        "Full system prompt override (if set, bypasses particle composition)",
    ),
]
"""Every field of the answer, its type and what is said of it. Seeds 000 and 001 have all but the
lifecycle's, ``modelTier``, ``isRecommended`` and ``metadata``, which are 002's."""
