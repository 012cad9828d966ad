"""The generator writes releases that stay, and prints the document of a deployment."""

import sys
from pathlib import Path

import pytest
import yaml

from docmill_schemas import generate
from docmill_schemas.catalogue import EVENTS


def test_a_release_holds_every_contract_and_is_made_once(tmp_path: Path) -> None:
    generate.write_release(tmp_path)
    [folder] = tmp_path.iterdir()
    assert folder.name == generate.release_version()
    for event in EVENTS:
        assert generate.schema_file(event, folder).read_text(encoding="utf-8") == generate.rendered(event)
    assert (folder / "asyncapi.yaml").read_text(encoding="utf-8") == generate.rendered_asyncapi()
    with pytest.raises(FileExistsError, match="raise the version"):
        generate.write_release(tmp_path)


def test_the_document_of_a_deployment_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["generate", "--topic-prefix", "claims."])
    generate.main()
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["channels"]["documentsReceived"]["address"] == "claims.documents.received"
    assert document["x-topic-prefix"]["value"] == "claims."
