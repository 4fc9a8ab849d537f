"""Other spellings of the admin plane, each under a base URL of its own, over the one catalogue."""
