"""Google's Gemini dialect, at its own API and on Vertex AI: a target only, no client speaks it."""
