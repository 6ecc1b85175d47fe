"""Papers that are signed and decided: sealed documents, approvals by authority (KRN-08, KRN-09)."""
