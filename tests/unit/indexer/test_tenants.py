"""A text changes hands, or is shown to all, only on purpose."""

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
    standing = {"handbook/a.md": file("acme"), "row": Standing("policy", tenant="acme")}
    for passage_id in standing:
        assert problem(standing, passage_id, "acme") == ""
        for other in (None, "globex"):
            assert problem(standing, passage_id, other).startswith("stands for tenant acme: say --tenant acme, ")


def test_a_text_for_all_is_not_taken_from_them() -> None:
    assert problem({"handbook/a.md": file(None)}, "handbook/a.md") == ""
    told = problem({"handbook/a.md": file(None)}, "handbook/a.md", "acme")
    assert told.startswith("stands for all tenants and would be tenant acme's alone: give another folder by --root")


def test_a_new_file_for_all_does_not_lie_beside_those_of_a_tenant_alone() -> None:
    standing = {"handbook/more/a.md": file("acme"), "handbook/b.md": file("globex")}
    new = "is new, for all tenants, and lies beside files of tenant "
    assert problem(standing, "handbook/more/new.md").startswith(f"{new}acme alone: say --tenant acme, ")
    assert problem(standing, "handbook/new.md").startswith(f"{new}acme and globex alone: say --tenant acme or --tenan")
    assert problem(standing, "handbook/fresh/new.md").startswith(f"{new}acme and globex alone")
    assert problem(standing, "handbook/new.md", "initech") == ""
    assert problem(standing | {"handbook/c.md": file(None)}, "handbook/new.md") == ""


def test_only_what_is_added_counts_as_beside() -> None:
    standing = {"data/acme/a.md": file("acme"), "a.md": file("acme")}
    assert problem(standing, "data/public/new.md", given=("data/public/",)) == ""
    assert problem(standing, "data/public/new.md", given=("data/",)) != ""
    assert problem(standing, "data/new.md", given=()) != ""  # a file by itself: its own folder
    assert problem(standing, "data/public/new.md", given=()) == ""
    assert problem(standing, "new.md", given=()) == ""  # the root is everybody's


def test_rows_and_other_clients_texts_say_nothing_of_a_folder() -> None:
    assert problem({"handbook/decided": Standing("exemplar", tenant="acme")}, "handbook/new.md") == ""
    row = KnowledgeUpdated(passage_id="handbook/row", kind="policy", text="t")
    assert Tenants({"handbook/a.md": file("acme")}).problem(row, GIVEN) is None
