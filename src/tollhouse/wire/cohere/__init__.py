"""Cohere's own API, for what it has that no conversation is: embeddings and rerankings."""
