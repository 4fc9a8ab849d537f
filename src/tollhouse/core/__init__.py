"""The nouns every room shares: no I/O, no clock, and nothing of ours imported from above."""
