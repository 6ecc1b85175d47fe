"""Stock: lots, first-in-first-out allocation, reservations, and how long goods last."""
