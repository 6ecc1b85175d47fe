"""What every context stands on: money, time, rules, lifecycles, timers, ports. Knows no context."""
