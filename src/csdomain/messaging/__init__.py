"""Messages: what the house says to customers and to its own people, and what became of it (MSG-01…14)."""
