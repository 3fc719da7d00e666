"""YAML files whose mistakes are named by file, line and member."""

import pytest

from cds_service.documents import Document


class FileError(ValueError):
    """What these tests raise."""


def document(text: str | bytes) -> Document:
    return Document(text, "own.yaml", FileError)


def test_a_mistake_is_named_with_its_line_or_the_nearest_around_it() -> None:
    found = document("a:\n  b: [1, 2]\n")

    assert found.data == {"a": {"b": [1, 2]}}
    error = found.error([(("a", "b"), "is odd"), (("a", "c", "d"), "is missing"), ((), "is short")])
    assert isinstance(error, FileError)
    assert str(error).splitlines() == [
        "own.yaml, line 2: a.b: is odd",
        "own.yaml, line 1: a.c.d: is missing",
        "own.yaml, line 1: file: is short",
    ]


@pytest.mark.parametrize("text", ["", "# nothing", b"\xef\xbb\xbf"])
def test_an_empty_file_holds_nothing(text: str | bytes) -> None:
    assert document(text).data is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [SECRET\n", "own.yaml, line 2: not readable as YAML"),
        ("a: 1\nb: SECRET: 2", "own.yaml, line 2: not readable as YAML"),
        ("a: \0", "own.yaml: not readable as YAML"),
        ("day: 2020-99-99", "own.yaml: not readable as YAML"),
        ("a: 1\nb: 2\na: SECRET", "own.yaml, line 3: a stands here twice"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_quoted(text: str, said: str) -> None:
    with pytest.raises(FileError) as caught:
        document(text)

    assert str(caught.value) == said
