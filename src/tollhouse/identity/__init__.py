"""Who a credential says it is, what a role may do, how secrets are kept: pure, told the time."""
