"""The local copy of the knowledge index: what Kafka said, searchable. Knows no Kafka, no model and no clock."""
