"""``tollhouse migrate``: brings the store's schema up to date."""

from .configuration import load_settings
from .options import DEFAULT_CONFIG, Config, Json


def migrate(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Bring the store's schema up to date. Does no harm twice, or from several places at once."""
    from ..store.migrate import migrate as bring_up

    revision = bring_up(load_settings(config).store.url)
    if as_json:
        from .show import print_json

        print_json({"revision": revision})
    else:
        print(f"The schema is at revision {revision}.")
