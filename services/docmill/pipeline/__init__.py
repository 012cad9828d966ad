"""The pure core: tokens to windows, logits to spans, predictions to routes.

Knows nothing of Kafka, metrics, clocks, logging, the environment or files.
"""
