"""Customers, what is kept and written about them, and their commands. Every command checks first and changes after."""
