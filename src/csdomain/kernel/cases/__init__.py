"""What happens to a case: events, lifecycles, timers, effects, occasions."""
