"""Who to call: one file a protocol, from a target of the catalogue to a URL and headers."""
