"""The control plane: who may change the catalogue and its callers, and who may look."""
