"""``tollhouse demo``: the whole product in one process, with providers that are scripted."""
