"""The store: the catalogue, the callers, the audit trail and the ledger over one SQL database."""
