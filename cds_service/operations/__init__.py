"""Running the service: logs, metrics, traces, limits and probes, without a patient's data."""
