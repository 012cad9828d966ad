"""Records in, results out, offsets committed. The only room that imports FastStream and aiokafka."""
