"""What is asked of people about documents. Pure: no Kafka, clock, logging or file access."""
