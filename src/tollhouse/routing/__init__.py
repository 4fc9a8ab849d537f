"""Deciding where a request goes next: the plan, the breaker, the reading of faults, giving up."""
