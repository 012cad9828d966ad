"""Texts to vectors by a frozen encoder: MiniLM-L6, made into an int8 graph once. Knows no index and no Kafka."""
