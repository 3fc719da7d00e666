"""Asking the EHR's FHIR server for what the prefetch did not bring."""
