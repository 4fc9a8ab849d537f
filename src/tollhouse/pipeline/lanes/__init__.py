"""From a client's request to one target and back: one lane for each way of getting there."""
