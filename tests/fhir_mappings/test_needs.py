"""What is asked of an EHR: simple tokens only, every parameter once."""

import re
from urllib.parse import parse_qsl

from fhir_mappings.needs import BY_KEY, NEEDS, NeedState, prefetch_templates
from tests.judging import assessor

TEMPLATES = prefetch_templates(assessor().terminology)


def test_every_need_has_a_template_of_its_own() -> None:
    assert list(TEMPLATES) == [need.name for need in NEEDS]


def test_templates_use_first_level_context_tokens_only() -> None:
    for template in TEMPLATES.values():
        assert re.findall(r"\{\{(.*?)\}\}", template) == ["context.patientId"]


def test_no_parameter_stands_twice() -> None:
    for template in TEMPLATES.values():
        names = [name for name, _ in parse_qsl(template.partition("?")[2])]
        assert len(names) == len(set(names))


def test_observations_are_searched_by_category_and_by_code() -> None:
    by_code = TEMPLATES["observationsByCode"]

    assert "category=" in TEMPLATES["observationsByCategory"]
    for code in ("399504009", "21905-5", "395536008", "44669-0", "31206-6"):
        assert code in by_code


def test_other_clients_keys_are_known() -> None:
    assert BY_KEY["coverageBundle"].name == "coverage"


def test_only_a_whole_answer_makes_absence_absence() -> None:
    assert NeedState("present").complete
    assert NeedState("empty").complete
    assert not NeedState("partial").complete
    assert not NeedState("unreadable").complete
