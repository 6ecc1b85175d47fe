"""The service desk: service orders from the call to the archive, free trials, the register and its vouchers (SVC)."""
