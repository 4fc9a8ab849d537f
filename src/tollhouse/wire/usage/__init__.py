"""What an answer used, read from every provider's own spelling into one convention."""
