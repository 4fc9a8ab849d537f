"""The use case: admit a request, plan it, attempt it, relay the answer, meter and record it."""
