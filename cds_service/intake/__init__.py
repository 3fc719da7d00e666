"""What came in: bundles and prefetch, as deliveries for a record."""
