"""What csdomain is measured against: the same writes, without the rules."""
