"""The service that turns source texts into chunks with vectors, once, for all copies of the index."""
