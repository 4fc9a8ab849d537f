"""OpenAI's responses in neutral form, as clients ask and as providers answer."""
