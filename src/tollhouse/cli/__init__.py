"""The command line: thin readers of options over the use cases that servers use."""
