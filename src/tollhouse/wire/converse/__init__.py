"""Bedrock Converse and ConverseStream, as a target."""
