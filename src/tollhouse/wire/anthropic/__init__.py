"""Anthropic's messages: spoken by clients and by targets."""
