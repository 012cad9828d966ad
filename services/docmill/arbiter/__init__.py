"""The service that arbitrates people's decisions: of each review the first one counts, and becomes a result."""
