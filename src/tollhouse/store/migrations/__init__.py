"""The history of the schema. Each step only adds, so that an older gateway still works after it."""
