"""What a bundle would make of one's own documents: how many go straight through, and how many of these are wrong."""
