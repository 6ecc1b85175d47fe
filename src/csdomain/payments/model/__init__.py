"""The bill, the payment and their commands. Every command checks everything first and changes after."""
