"""Pricing: what a usage costs, exactly, and how the answer says so."""
