"""Published price lists, read into pricing blocks: pure, and exact to the last digit."""
