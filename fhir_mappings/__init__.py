"""What a FHIR R4 record says, as neutral facts.

This package knows FHIR, terminologies and anatomy. It knows no guideline and no service: the same
facts could feed another policy.
"""
