"""Embeddings for OpenAI's clients from providers that spell them otherwise: a file a provider."""
