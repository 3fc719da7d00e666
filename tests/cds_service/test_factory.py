"""From settings to an assessor: own files replace what is shipped, and bad ones are named."""

import json
from pathlib import Path

import pytest

from cds_service.factory import build_assessor, guideline_text, read_guideline
from cds_service.guideline.errors import GuidelineError
from cds_service.settings import Settings
from fhir_mappings.terminology import TerminologyError
from tests.builders import Record, breast
from tests.judging import judge, status


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def test_the_shipped_guideline_is_used_at_first() -> None:
    assert judge(breast(), build_assessor(Settings())).determination == "likely-covered"


def test_an_own_guideline_decides(tmp_path: Path) -> None:
    text = guideline_text()
    older = text.replace("youngest: {at-least: 50}", "youngest: {at-least: 70}", 1)
    own = written(tmp_path, "own.yaml", older)

    assert older != text
    assert status(judge(breast(), build_assessor(Settings(guideline=own))), "BR-1") != "met"


def test_own_readings_are_laid_over_the_guideline(tmp_path: Path) -> None:
    own = written(tmp_path, "own.yaml", "readings: {gist: counts}")

    guideline = build_assessor(Settings(readings=own)).guideline
    assert guideline.readings["gist"].option == "counts"
    assert guideline.sha256 != read_guideline().sha256


def test_a_byte_order_mark_in_an_own_file_does_no_harm(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(guideline_text(), "utf-8-sig")

    assert guideline_text(own) == guideline_text()


def test_payers_of_the_settings_are_known_to_the_assessor() -> None:
    record = breast().add("Coverage", status="active", payor=[{"display": "Example Health"}])
    assessor = build_assessor(Settings(payers=["Example Health"]))

    assert judge(record, assessor).coverage.applies == "yes"


def local_order() -> Record:
    code = {"coding": [{"system": "http://hospital.example", "code": "RT-77"}]}
    return breast().without("ServiceRequest").order("x").change(code=code)


def test_local_codes_are_translated_by_maps_of_the_settings(tmp_path: Path) -> None:
    target = {"code": "77425", "equivalence": "equivalent"}
    group = {
        "source": "http://hospital.example",
        "target": "http://www.ama-assn.org/go/cpt",
        "element": [{"code": "RT-77", "target": [target]}],
    }
    written(tmp_path, "m.json", json.dumps({"resourceType": "ConceptMap", "group": [group]}))
    assessor = build_assessor(Settings(local_maps=tmp_path))

    assert judge(local_order()).determination == "not-applicable"
    assert judge(local_order(), assessor).determination == "likely-covered"


def test_a_map_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    written(tmp_path, "broken.json", "{")

    with pytest.raises(TerminologyError, match=r"broken\.json"):
        build_assessor(Settings(local_maps=tmp_path))


@pytest.mark.parametrize("setting", ["guideline", "readings"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, setting: str) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"title: \xe9")

    for file in (tmp_path / "none.yaml", latin, tmp_path):
        with pytest.raises(GuidelineError, match=f"{file.name}: cannot be read"):
            build_assessor(Settings(**{setting: file}))  # type: ignore[arg-type]
