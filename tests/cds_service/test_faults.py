"""Errors are named by their place, never by what they quote."""

import pytest

from cds_service.faults import place_of


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause  # noqa: TRY301
    except BaseException as caught:  # noqa: BLE001
        return caught


def test_a_place_names_types_and_functions_but_no_message() -> None:
    place = place_of(raised(ValueError("Smith"), raised(KeyError("Mary"))))
    assert place.startswith("ValueError in raised:")
    assert ", from KeyError in raised:" in place
    assert "Smith" not in place
    assert "Mary" not in place


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert place_of(ValueError("Smith")) == "ValueError"


def test_a_suppressed_cause_is_not_named() -> None:
    def convert() -> None:
        try:
            raise KeyError("Mary")  # noqa: TRY301
        except KeyError:
            raise ValueError("Smith") from None

    with pytest.raises(ValueError, match="Smith") as caught:
        convert()
    assert "KeyError" not in place_of(caught.value)


def test_the_exception_in_whose_handling_another_came_is_named() -> None:
    def fail() -> None:
        try:
            raise KeyError("Mary")  # noqa: TRY301
        except KeyError as error:
            raise ValueError(error.args)  # noqa: B904

    with pytest.raises(ValueError, match="Mary") as caught:
        fail()
    assert ", from KeyError in fail:" in place_of(caught.value)


def test_a_chain_of_causes_ends() -> None:
    error: BaseException = ValueError()
    for _ in range(10):
        error = raised(ValueError(), error)
    assert place_of(error).count("ValueError") == 4
