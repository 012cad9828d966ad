"""How good a bundle is on labelled documents of one's own: reading them, scoring, running. Does not know Kafka."""
