"""The contract, the renewal and their commands. Every command checks everything first and changes after."""
