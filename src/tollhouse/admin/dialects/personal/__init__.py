"""Personal models (``/api/models``): a user brings a provider connection, and may share it."""
