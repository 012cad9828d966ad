"""A text changes hands, or is shown to all, only on purpose."""

import pytest

from docmill.indexer.standing import Standing
from docmill.indexer.tenants import Tenants
from docmill_schemas.events import KnowledgeUpdated

GIVEN = ("handbook/",)


def file(tenant: str | None) -> Standing:
    return Standing("policy", tenant=tenant, is_file=True)


def problem(
    standing: dict[str, Standing], passage_id: str, tenant: str | None = None, given: tuple[str, ...] = GIVEN
) -> str:
    mark = {"file": passage_id}
    updated = KnowledgeUpdated(passage_id=passage_id, kind="policy", text="t", tenant=tenant, metadata=mark)
    return Tenants(standing).problem(updated, given) or ""


def test_a_text_of_a_tenant_is_shown_to_nobody_else() -> None:
    standing = {"handbook/a.md": file("acme")}
    assert problem(standing, "handbook/a.md", "acme") == ""
    for other in (None, "globex"):
        told = problem(standing, "handbook/a.md", other)
        assert told.startswith("stands for tenant acme: say --tenant acme, give another folder by --root ")
        assert told.endswith("or --change-tenant if you mean it")


def test_a_text_for_all_is_not_taken_from_them() -> None:
    assert problem({"handbook/a.md": file(None)}, "handbook/a.md") == ""
    told = problem({"handbook/a.md": file(None)}, "handbook/a.md", "acme")
    assert told.startswith("stands for all tenants: say no --tenant, give another folder by --root ")


def test_a_row_is_told_what_a_row_can_do() -> None:
    standing = {"row": Standing("policy", tenant="acme"), "all": Standing("policy")}
    for passage_id, whose in (("row", "tenant acme"), ("all", "all tenants")):
        row = KnowledgeUpdated(passage_id=passage_id, kind="policy", text="t", tenant="globex")
        told = Tenants(standing).problem(row, GIVEN) or ""
        assert told.startswith(
            f"stands for {whose}: correct the tenant of the row, or give it another id, or --change-"
        )
    same = KnowledgeUpdated(passage_id="row", kind="policy", text="t", tenant="acme")
    assert Tenants(standing).problem(same, GIVEN) is None


@pytest.mark.parametrize("empty", ["", " "], ids=["empty", "blank"])
def test_of_a_text_for_an_empty_tenant_it_is_told_what_to_do(empty: str) -> None:
    """An earlier `add` took it. Whose it was meant to be nobody knows, so it is not shown to all unasked."""
    standing = {"handbook/a.md": file(empty)}
    for passage_id in ("handbook/a.md", "handbook/new.md"):
        told = problem(standing, passage_id)
        assert "an empty tenant (nobody's)" in told
        assert told.endswith(": say --change-tenant, with --tenant if it is one's alone")


def test_a_new_file_for_all_does_not_lie_beside_those_of_a_tenant_alone() -> None:
    standing = {"handbook/more/a.md": file("acme"), "handbook/b.md": file("globex")}
    new = "is new, for all tenants, and handbook/"
    assert problem(standing, "handbook/more/new.md").startswith(f"{new}more/ holds files of tenant acme alone: say --t")
    both = f"{new} holds files of tenant acme and globex alone: say --tenant acme or --tenant globex, "
    assert problem(standing, "handbook/new.md").startswith(both)
    assert problem(standing, "handbook/fresh/new.md").startswith(both)
    assert problem(standing, "handbook/new.md", "initech") == ""


def test_one_file_for_all_does_not_open_the_folder_of_a_tenant() -> None:
    """It may be one that should never have been."""
    standing = {"handbook/a.md": file("acme"), "handbook/deep/leaked.md": file(None)}
    assert problem(standing, "handbook/new.md").startswith("is new, for all tenants, and handbook/ holds files of ten")
    assert problem(standing, "handbook/deep/new.md") == ""  # among its like


def test_of_a_folder_that_is_added_what_lies_above_it_does_not_count() -> None:
    standing = {"data/acme/a.md": file("acme"), "a.md": file("acme")}
    assert problem(standing, "data/public/new.md", given=("data/public/",)) == ""
    assert problem(standing, "data/public/new.md", given=("data/public/", "data/")) != ""
    assert problem(standing, "new.md", given=("",)).startswith("is new, for all tenants, and the root holds files of")
    assert problem(standing, "fresh/new.md", given=("",)) != ""


def test_of_a_file_by_itself_all_folders_above_it_count() -> None:
    standing = {"data/acme/a.md": file("acme")}
    for given in ((), ("other/",)):
        assert problem(standing, "data/acme/fresh/new.md", given=given) != ""
        assert problem(standing, "new.md", given=given) != ""
        assert problem(standing | {"data/public/b.md": file(None)}, "data/public/new.md", given=given) == ""


def test_of_many_tenants_the_first_are_named() -> None:
    told = problem({f"{number}/a.md": file(f"tenant-{number}") for number in range(9)}, "new.md", given=("",))
    assert "tenant-2" in told
    assert "tenant-3" not in told


def test_rows_and_other_clients_texts_say_nothing_of_a_folder() -> None:
    assert problem({"handbook/decided": Standing("exemplar", tenant="acme")}, "handbook/new.md") == ""
    row = KnowledgeUpdated(passage_id="handbook/row", kind="policy", text="t")
    assert Tenants({"handbook/a.md": file("acme")}).problem(row, GIVEN) is None
