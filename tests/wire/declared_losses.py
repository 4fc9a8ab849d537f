"""What recorded conversations ask for that no other dialect can say, by recording and reason.

All of it is refused by name before anything is sent.
"""

from tollhouse.core.dialect import Dialect

REFUSED_BY_OTHERS = {
    "tools that OpenAI runs itself: web search, file search, code interpreter": (
        *("rec_201b4b0b7c", "rec_32ae03b84f", "rec_572327388b", "rec_ab67ad3076"),
        *("rec_ffd6e8c655", "rec_0c15a6249e", "rec_577598e15c", "rec_c0b4171568"),
        "rec_07eb91ecd6",
    ),
    "tools that OpenRouter runs itself": (
        *("rec_0cfc425dda", "rec_1f906b0f4a", "rec_5c6205071e", "rec_60b77095ea"),
        *("rec_c2b16e5600", "rec_2a8e01d4ed", "rec_f2609edb17"),
    ),
    "tools that Anthropic defines or runs itself: web, code, computer, tool search, advisor": (
        *("rec_ad2f04d45e", "rec_c1bece6fc7", "rec_e32ba7eca2", "rec_6e86c1a6af"),
        *("rec_4e107dc473", "rec_9977df4eae", "rec_0637344f3f", "rec_3eda2f397c"),
        *("rec_0a3a3e9e0b", "rec_15e78b0c51", "rec_4246602458", "rec_4ec774ef63"),
        *("rec_7784e249b8", "rec_f7947f72c1", "rec_f62a5f719d"),
    ),
    "earlier work of such tools, and tools that are named in results or instructions": (
        *("rec_1ac0626c97", "rec_3a92735c1d", "rec_4cf997967e", "rec_8d51be80b4"),
        *("rec_b8c3f4d7ef", "rec_1368bf1ff0", "rec_389100cfef", "rec_3c5bb35a3f"),
        *("rec_5c0abd02ec", "rec_6966d46e9a", "rec_84dd88756e", "rec_3113c1de56"),
        *("rec_7af1fd26be", "rec_7dab099c44", "rec_e909b2f799"),
    ),
    "files that were uploaded to one vendor": (
        *("rec_494ab275b4", "rec_18ab5c4997", "rec_04c42ca62b", "rec_50b8de4edd"),
        *("rec_538d94df2a", "rec_f7f43d1f37"),
    ),
    "a conversation that the provider keeps": ("rec_edbf0bed0b", "rec_1149a9067e"),
}
"""By every dialect but the recording's own."""
REFUSED_BY_SOME = {
    "an image by URL": (
        {Dialect.CONVERSE},
        (
            *("rec_1cdb6222de", "rec_1d15401d66", "rec_1feb6d01bf", "rec_4677df1245"),
            *("rec_6256e3c0b8", "rec_8c1c83f75c", "rec_966a371521", "rec_c201e45744"),
            "rec_d42f1aa561",
        ),
    ),
    "JSON to answer in without a schema of it": (
        {Dialect.MESSAGES, Dialect.CONVERSE},
        ("rec_596bd7d69e",),
    ),
}
ANSWERED_OTHERWISE = {
    ("rec_accef7c0cc", Dialect.MESSAGES): "a call with free text, of a tool that only OpenAI has",
}
COUNTED_OTHERWISE = {
    ("rec_234c655b6e", Dialect.MESSAGES): "tells all of its input as cached and as cached anew",
}


def refuses(name: str, target: Dialect) -> bool:
    """Whether a recording's request is declared to be refused by a dialect that is not its own."""
    if any(name in names for names in REFUSED_BY_OTHERS.values()):
        return True
    return any(target in some and name in names for some, names in REFUSED_BY_SOME.values())
