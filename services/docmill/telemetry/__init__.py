"""What operators see: metrics, logs, probes. Does not know Kafka or the model."""
