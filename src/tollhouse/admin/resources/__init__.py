"""The admin plane over HTTP: one file per resource, each from request to use case to answer."""
