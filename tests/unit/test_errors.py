import pytest

from dbtool import errors


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_an_interruption_s_code_is_its_signal_s(number: int, code: int) -> None:
    assert errors.Interrupted("m", number).exit_code == code
    assert errors.Interrupted.exit_code == 70  # without a signal there is no such code
    assert errors.Interrupted("m").exit_code == 130


def test_a_rule_file_s_problems_are_one_line_each() -> None:
    error = errors.RulesInvalid(["a.yaml:1:2: one", "a.yaml:3:4: two"])
    assert str(error) == "2 problems in the rules; nothing was done:\n  a.yaml:1:2: one\n  a.yaml:3:4: two"
    assert error.problems == ("a.yaml:1:2: one", "a.yaml:3:4: two")


@pytest.mark.parametrize("kind", [errors.FindingsRefuse, errors.VerificationFailed])
def test_findings_are_carried(kind: type[errors.FindingsRefuse] | type[errors.VerificationFailed]) -> None:
    assert kind("m", ["one"]).findings == ("one",)


def test_a_server_s_code_is_carried_where_it_sent_one() -> None:
    assert errors.ServerFailed("m", "23505").sqlstate == "23505"
    assert errors.ServerFailed("m").sqlstate is None


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    written = {
        line.strip("│├└─ ").split()[0]
        for line in (errors.__doc__ or "").splitlines()
        if line[:1] in "│├└" and line
    }
    kinds = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.DbtoolError)
    }
    assert written == kinds - {"DbtoolError"}
