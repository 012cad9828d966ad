"""The service that decides what the fast model was not sure of: by the index, by a generator, or by a person."""
