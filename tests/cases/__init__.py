"""The whole way, from a record to its determination, site by site."""
