"""The catalogue: from model documents to an immutable snapshot, or to every fault in them."""
