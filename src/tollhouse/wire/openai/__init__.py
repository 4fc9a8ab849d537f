"""OpenAI's dialect: requests, answers, streams, usage and errors."""
