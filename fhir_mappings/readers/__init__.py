"""One reader for each kind of resource or fact; each yields findings."""
