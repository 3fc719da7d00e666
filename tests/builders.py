"""A small language for records: FHIR resources by what they mean, in the shapes real ones have."""

from copy import deepcopy
from typing import Any, Self

Json = dict[str, Any]

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
ICD, CPT = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.ama-assn.org/go/cpt"
PCS, ICDO = (
    "http://www.cms.gov/Medicare/Coding/ICD10",
    "http://terminology.hl7.org/CodeSystem/icd-o-3",
)
AJCC = "http://cancerstaging.org"
STATUS = "http://terminology.hl7.org/CodeSystem/condition-"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
DAY = "2026-06-15"
_SYSTEMS = {
    "sct": SNOMED,
    "loinc": LOINC,
    "icd": ICD,
    "cpt": CPT,
    "pcs": PCS,
    "icdo": ICDO,
    "ajcc": AJCC,
}


def concept(*codes: str, text: str | None = None) -> Json:
    """Make a CodeableConcept from ``system|code|display`` and a text."""
    codings = []
    for one in codes:
        system, _, rest = one.partition("|")
        code, _, display = rest.partition("|")
        coding = {"system": _SYSTEMS.get(system, system), "code": code}
        codings.append({**coding, "display": display} if display else coding)
    found: Json = {"coding": codings} if codings else {}
    return {**found, "text": text} if text is not None else found


def value_of(value: Any) -> Json:
    """Make a value[x] from what it is."""
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, dict):
        return value
    if isinstance(value, tuple):
        number, unit = value
        return {"valueQuantity": {"value": number, "unit": unit, "code": unit}}
    if "|" in value:
        return {"valueCodeableConcept": concept(value)}
    if value.startswith("text:"):
        return {"valueCodeableConcept": {"text": value.removeprefix("text:")}}
    return {"valueString": value}


class Record:
    """A patient with a record; the methods add resources and return the record."""

    def __init__(self, birth: str | None = "1960-01-01", day: str = DAY) -> None:
        self.day = day
        self.resources: list[Json] = []
        self.unavailable: list[str] = []
        patient: Json = {"resourceType": "Patient", "id": "p"}
        if birth is not None:
            patient["birthDate"] = birth
        self.resources.append(patient)
        self._numbers: dict[str, int] = {}

    def add(self, kind: str, **members: Any) -> Self:
        """Add a resource of this patient; its id is its type's initial and a number."""
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        own = "beneficiary" if kind == "Coverage" else "subject"
        resource = {
            "resourceType": kind,
            "id": f"{kind.lower()}-{number}",
            own: {"reference": "Patient/p"},
            **members,
        }
        self.resources.append({key: one for key, one in resource.items() if one is not None})
        return self

    @property
    def last(self) -> Json:
        """The resource added last."""
        return self.resources[-1]

    def change(self, **members: Any) -> Self:
        """Change the resource added last; None removes a member."""
        self.last.update(members)
        for key in [key for key, one in members.items() if one is None]:
            del self.last[key]
        return self

    def order(self, code: str = "cpt|77425", **members: Any) -> Self:
        """Add a draft order, for the first Condition if nothing else is said."""
        conditions = [one for one in self.resources if one["resourceType"] == "Condition"]
        reason = [{"reference": f"Condition/{conditions[0]['id']}"}] if conditions else None
        return self.add(
            "ServiceRequest",
            **{
                "status": "draft",
                "intent": "order",
                "code": concept(code) if "|" in code else concept(text=code),
                "authoredOn": f"{self.day}T09:00:00-05:00",
                "reasonReference": reason,
                **members,
            },
        )

    def condition(
        self,
        code: str,
        *,
        status: str | None = "active",
        verification: str | None = "confirmed",
        onset: str | None = "2026-04-02",
        histology: str | None = None,
        **members: Any,
    ) -> Self:
        """Add a Condition."""
        extension = None
        if histology is not None:
            url = f"{MCODE}histology-morphology-behavior"
            extension = [{"url": url, "valueCodeableConcept": concept(histology)}]
        return self.add(
            "Condition",
            **{
                "clinicalStatus": concept(f"{STATUS}clinical|{status}") if status else None,
                "verificationStatus": (
                    concept(f"{STATUS}ver-status|{verification}") if verification else None
                ),
                "code": concept(code) if "|" in code else concept(text=code),
                "onsetDateTime": onset,
                "extension": extension,
                **members,
            },
        )

    def observation(
        self,
        code: str,
        value: Any = None,
        *,
        date: str | None = "2026-04-20",
        status: str | None = "final",
        focus: str | None = None,
        **members: Any,
    ) -> Self:
        """Add an Observation."""
        return self.add(
            "Observation",
            **{
                "status": status,
                "code": concept(code) if "|" in code else concept(text=code),
                "effectiveDateTime": date,
                "focus": [{"reference": f"Condition/{focus}"}] if focus else None,
                **(value_of(value) if value is not None else {}),
                **members,
            },
        )

    def t(self, value: str, **members: Any) -> Self:
        """Add a T category such as ``cT1c``; the prefix decides the Observation's code."""
        code = "384625004" if "p" in value[:2] else "399504009"
        return self.observation(f"sct|{code}", f"ajcc|{value}", **members)

    def n(self, value: str, **members: Any) -> Self:
        """Add an N category such as ``cN0``."""
        code = "371494008" if "p" in value[:2] else "399534004"
        return self.observation(f"sct|{code}", f"ajcc|{value}", **members)

    def margin(self, value: Any = "sct|55182004", **members: Any) -> Self:
        """Add a margin result, free of tumor if nothing else is said."""
        return self.observation("sct|395536008", value, **{"date": "2026-06-10", **members})

    def procedure(self, code: str, *, date: str = "2024-05-01", **members: Any) -> Self:
        """Add a completed Procedure."""
        return self.add(
            "Procedure",
            **{
                "status": "completed",
                "code": concept(code) if "|" in code else concept(text=code),
                "performedDateTime": date,
                **members,
            },
        )

    def unread(self, *kinds: str) -> Self:
        """Make resource types unreadable."""
        self.unavailable += kinds
        self.resources = [one for one in self.resources if one["resourceType"] not in kinds]
        return self

    def without(self, kind: str, number: int = 0) -> Self:
        """Take a resource out again."""
        found = [one for one in self.resources if one["resourceType"] == kind]
        self.resources.remove(found[number])
        return self

    def copy(self) -> "Record":
        """Return a deep copy."""
        return deepcopy(self)

    @property
    def bundle(self) -> Json:
        """The record as a collection Bundle."""
        entries = [
            {
                "fullUrl": f"https://ehr.example.org/fhir/{one['resourceType']}/{one['id']}",
                "resource": one,
            }
            for one in self.resources
        ]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    @property
    def case(self) -> Json:
        """The record as a case for replay."""
        return {
            "id": "case",
            "evaluatedOn": self.day,
            "unavailable": self.unavailable,
            "bundle": self.bundle,
        }


def breast(**condition: Any) -> Record:
    """A breast cancer patient with everything documented: likely covered."""
    return (
        Record()
        .condition("icd|C50.412", **{"histology": "icdo|8500/3", **condition})
        .t("cT1c")
        .n("cN0")
        .margin()
        .order()
    )


def cervical(**condition: Any) -> Record:
    """A central recurrence of cervical cancer after pelvic radiation: likely covered."""
    return (
        Record()
        .condition("icd|C53.9", **{"status": "recurrence", "onset": "2021-02-01", **condition})
        .observation("MRI pelvis", "Central pelvic recurrence at the vaginal apex")
        .procedure("sct|1217123003", bodySite=[concept("sct|12921003")], date="2021-06-01")
        .order()
    )


def colon(**condition: Any) -> Record:
    """Colon cancer, nothing else on file."""
    return Record().condition("icd|C18.7", **{"onset": "2019-05-01", **condition}).order()


def rectal(**condition: Any) -> Record:
    """Rectal cancer, nothing else on file."""
    return Record().condition("icd|C20", **{"onset": "2024-05-01", **condition}).order()


def pancreas(**condition: Any) -> Record:
    """Pancreatic cancer with a planned resection and an expected close margin."""
    return (
        Record()
        .condition("icd|C25.0", **condition)
        .observation("CT", "Close margin to SMV anticipated", date="2026-05-25")
        .order()
        .add("ServiceRequest", status="active", intent="order", code=concept("sct|116241004"))
    )


def sarcoma(**condition: Any) -> Record:
    """Soft tissue sarcoma with a positive margin: likely covered."""
    return (
        Record()
        .condition("icd|C49.22", **condition)
        .margin("sct|370109009")
        .order(note=[{"text": "IORT boost to the tumor bed; EBRT given pre-operatively."}])
    )
