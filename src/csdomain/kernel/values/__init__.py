"""Values that compare by what they hold: money, durations, numbers, ids, actors, personal fields."""
