"""Which EHRs are trusted, and whether a request really comes from one of them."""
