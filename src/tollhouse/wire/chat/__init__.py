"""OpenAI's chat dialect in neutral form: what clients ask, what providers answer, and back."""
