"""Customer service as a library: complaints, deadlines, approvals, renewals, stock, with the house rules as data."""
