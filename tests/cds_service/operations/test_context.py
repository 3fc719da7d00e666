"""What is known of a request while it is answered."""

from cds_service.operations.context import Query, RequestContext, begin, current, end, known


def test_outside_of_a_request_notes_go_nowhere() -> None:
    assert known() is None
    current().determinations.append("likely-covered")
    assert current().determinations == []


def test_the_context_of_a_request_collects() -> None:
    token = begin(RequestContext("r1"))
    current().queried("Observation", "ok", 0.1)
    context = known()
    end(token)
    assert context is not None
    assert context.queries == [Query("Observation", "ok", 0.1)]
    assert known() is None


def test_labels_are_what_is_known() -> None:
    assert RequestContext("r1").labels() == {"requestId": "r1"}
    full = RequestContext("r1", "iort-coverage", "order-sign", "d15-77", "https://ehr")
    assert full.labels() == {
        "requestId": "r1",
        "service": "iort-coverage",
        "hook": "order-sign",
        "hookInstance": "d15-77",
        "issuer": "https://ehr",
    }


def test_a_hook_instance_that_is_no_id_is_not_shown() -> None:
    context = RequestContext("r1", hook_instance="Mary Smith")
    assert context.labels()["hookInstance"] == "(unusual)"
