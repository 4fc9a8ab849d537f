"""The ledger: records of what was served, on disk before the answer ends and then in the store."""
