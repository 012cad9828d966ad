"""docmill: a digital mailroom for high volume."""
