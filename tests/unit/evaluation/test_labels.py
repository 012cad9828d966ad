from docmill.bundle.manifest import SourceNames
from docmill.evaluation.labels import mapped_labels, match_labels

LABELS = (
    "receipt",
    "contract.license",
    "contract.service",
    "contract.agency",
    "medical.letter",
    "complaint.service",
    "complaint.letter",
)


def test_the_same_label_matches_itself() -> None:
    match = match_labels({"receipt": 3, "contract.license": 1}, LABELS)
    assert match.labels == {"receipt": "receipt", "contract.license": "contract.license"}
    assert match.group == "receipt"


def test_a_last_part_that_only_one_label_has_is_enough() -> None:
    match = match_labels({"license": 2, "agency": 1}, LABELS)
    assert match.labels == {"license": "contract.license", "agency": "contract.agency"}
    assert match.group == "contract"


def test_the_files_group_decides_between_labels_of_the_same_last_part() -> None:
    assert match_labels({"license": 5, "service": 9}, LABELS).labels["service"] == "contract.service"
    assert match_labels({"complaint.letter": 5, "service": 9}, LABELS).labels["service"] == "complaint.service"


def test_without_a_majority_the_ambiguous_stay_unknown() -> None:
    match = match_labels({"license": 2, "receipt": 2, "service": 5}, LABELS)
    assert match.group is None
    assert match.labels["service"] is None


def test_the_majority_is_of_documents_not_of_labels() -> None:
    assert match_labels({"receipt": 10, "license": 2, "agency": 2}, LABELS).group == "receipt"


def test_a_group_that_does_not_have_the_label_does_not_lend_it() -> None:
    assert match_labels({"license": 2, "letter": 5}, LABELS).labels["letter"] is None


def test_a_label_that_the_bundle_lacks_is_unknown() -> None:
    match = match_labels({"non_disclosure_agreement": 83, "contract": 1}, LABELS)
    assert match.labels == {"non_disclosure_agreement": None, "contract": None}
    assert match.group is None


def test_no_labels_no_group() -> None:
    assert match_labels({}, LABELS).group is None


def test_labels_of_a_known_source_are_mapped_and_not_guessed() -> None:
    names = SourceNames(group="contract", labels={"licence": "contract.license", "non_compete": "contract.other"})
    match = mapped_labels(["licence", "agency", "letter", "non_compete", "contract"], names, LABELS)
    assert match.labels == {
        "licence": "contract.license",
        "agency": "contract.agency",
        "letter": None,  # not medical.letter, nor complaint.letter
        "non_compete": None,  # its label was taken away by the recipe
        "contract": None,
    }
    assert match.group == "contract"


def test_a_known_source_has_its_group_even_without_a_label() -> None:
    match = mapped_labels([], SourceNames(group="contract"), LABELS)
    assert (match.labels, match.group) == ({}, "contract")


def test_a_label_that_is_the_group_stays_so() -> None:
    assert mapped_labels(["receipt"], SourceNames(group="receipt"), LABELS).labels == {"receipt": "receipt"}
