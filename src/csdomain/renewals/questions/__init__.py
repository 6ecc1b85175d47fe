"""What is asked of contracts: those that end, renewal rates, revenue."""
