"""The shape of a model document: every field, bound and default, checked by pydantic.

What holds inside: types are strict, unknown fields are refused, a validated value is in the form
in which it is stored, and nothing here looks at another document.
"""
