"""What every context stands on, in rooms: each imports only those below it, and none knows a context.

store and papers · cases · calendar · values · rules.
"""
