"""What the stock is made of: rows, shelves and papers, and the ledger, the only writer of rows."""
