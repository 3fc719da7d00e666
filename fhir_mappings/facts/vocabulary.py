"""The words in which facts are put; a guideline's rules may use no others."""

from typing import Literal

Rank = Literal[
    "pathology",
    "frozen-section",
    "clinical-staging",
    "coded-diagnosis",
    "free-text",
    "billing-code",
]
Standing = Literal["counts", "preliminary", "unattributed", "unconfirmed"]
Organ = Literal[
    "breast",
    "cervix",
    "uterus",
    "colon",
    "rectum",
    "rectosigmoid",
    "large-intestine",
    "anus",
    "anorectal",
    "pancreas",
    "soft-tissue",
    "retroperitoneum",
    "peritoneum",
    "peripheral-nerve",
    "bone",
    "blood",
    "other",
]
Behaviour = Literal[
    "invasive",
    "malignant",
    "in-situ",
    "benign",
    "uncertain",
    "unspecified",
    "secondary",
    "history",
]
Disease = Literal[
    "gist",
    "carcinoid",
    "phyllodes",
    "angiosarcoma",
    "uterine-sarcoma",
    "paget",
    "inflammatory-breast",
    "lobular-in-situ",
    "ductal-in-situ",
    "soft-tissue-sarcoma",
    "sarcoma",
    "bone-sarcoma",
    "kaposi",
    "mesothelioma",
    "desmoid",
    "carcinosarcoma",
    "carcinoma",
]
Side = Literal["left", "right", "both"]
Source = Literal[
    "Patient",
    "Condition",
    "Observation",
    "Procedure",
    "ServiceRequest",
    "DiagnosticReport",
    "DocumentReference",
    "ImagingStudy",
    "MedicationRequest",
    "Specimen",
    "Coverage",
]
Certainty = Literal["confirmed", "unconfirmed", "refuted", "history"]
Pointing = Literal["named", "inferred", "several", "contradictory", "unreadable", "none"]
