"""The gate: whether a caller may use a model for a request, or every reason why not."""
