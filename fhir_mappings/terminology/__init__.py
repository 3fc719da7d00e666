"""What codes and phrases mean: value sets, concept maps and a small closed lexicon."""

from fhir_mappings.terminology.codes import Sense, Terminology, TerminologyError, load_terminology
from fhir_mappings.terminology.lexicon import Mention, mentions

__all__ = [
    "Mention",
    "Sense",
    "Terminology",
    "TerminologyError",
    "load_terminology",
    "mentions",
]
