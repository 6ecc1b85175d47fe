"""Contact preferences, campaigns, and what became of messages that can be done without."""
