"""Three ways of doing a day's mail, in dollars."""

import json
import shlex
from pathlib import Path

import pytest

from load_tests import cost
from load_tests.cost import LOAD, PRICES, Measured, Prices, Shares, main, model_cpu_s, read_prices, ways

MEASURED = Measured(model_cpu_s=0.36, fallback_cpu_s=3.6, input_tokens=1000, output_tokens=100)
ROOT = Path(__file__).parents[3]
LIST = Prices(core_hour=1.0, million_input_tokens=1.0, million_output_tokens=10.0, review=2.0)


def test_the_three_ways() -> None:
    fast, hybrid, asked = ways(10_000, Shares(0.5, 0.2, 0.5, 0.25), MEASURED, LIST)
    assert (fast.cpu_hours, fast.tokens, fast.reviews, fast.usd) == (1.0, 0, 5000, 1 + 10_000)
    # 5,000 deferred, 1,000 of them decided by the index, 2,000 asked about, 500 of these decided
    assert hybrid.cpu_hours == pytest.approx(1 + 5)
    assert (hybrid.tokens, hybrid.reviews) == (2000 * 1100, 3500)
    assert hybrid.usd_tokens == pytest.approx(2000 * 2000 / 1e6)
    assert (asked.cpu_hours, asked.tokens, asked.reviews) == (0, 11_000_000, 7500)
    assert asked.usd_tokens == pytest.approx(20)


def test_without_a_generator_the_hybrid_takes_no_tokens() -> None:
    _, hybrid, _ = ways(1000, Shares(0.5, 0.5, 0.0, 0.9), MEASURED, LIST)
    assert (hybrid.tokens, hybrid.usd_tokens, hybrid.reviews) == (0, 0, 250)


@pytest.mark.parametrize("wrong", [(1.1, 0, 0, 0), (0, -0.1, 0, 0), (0, 0, 2, 0), (0, 0, 0, 2)])
def test_a_share_is_a_share(wrong: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        Shares(*wrong)


def test_what_the_model_takes_is_what_was_measured() -> None:
    cpu_s, told_by = model_cpu_s(ROOT / LOAD)
    assert 0.01 < cpu_s < 1
    assert "mailroom-en" in told_by


STEP = {"usage": {"cpu_s": 2.0, "documents": 0}}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "no report",
        "[]",
        "{}",
        json.dumps({"sustained": None, "steps": []}),
        json.dumps({"sustained": 0, "steps": [{"usage": None}]}),
        json.dumps({"sustained": 0, "steps": [STEP]}),
    ],
    ids=["no file", "no JSON", "a list", "empty", "no rate held", "no usage", "no documents"],
)
def test_a_load_test_that_tells_nothing_says_so(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "load.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit, match="--model-cpu-s"):
        model_cpu_s(file)


@pytest.mark.parametrize("content", ["core_hour = 1", "core_hour = 'x'", "no list", None])
def test_a_price_list_that_is_none_says_so(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "prices.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit, match="is no price list"):
        read_prices(file)
    assert read_prices(ROOT / PRICES).core_hour > 0


def test_it_prints_a_table_and_all_that_it_multiplied(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    main(["--deferred", "0.6", "--decided-by-index", "0.3", "--model-cpu-s", "0.14", "--documents", "1000"])
    printed = capsys.readouterr().out
    assert printed.count("\n| ") == 4
    assert "deferred=0.6" in printed
    assert "input_tokens=4251, output_tokens=301" in printed  # unless said otherwise what docs/fallback.md has
    with pytest.raises(SystemExit):
        main(["--deferred", "6", "--decided-by-index", "0.3", "--model-cpu-s", "0.14"])
    with pytest.raises(SystemExit):
        main(["--deferred", "0.6", "--decided-by-index", "0.3", "--model-cpu-s", "0.14", "--documents", "0"])


def test_the_page_says_what_the_documented_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    [command] = [line for line in str(cost.__doc__).splitlines() if line.startswith("    ")]
    python, option, module, *arguments = shlex.split(command)
    assert (python, option, module) == ("python", "-m", "load_tests.cost")
    main(arguments)
    printed = capsys.readouterr().out.strip()
    page = (ROOT / "docs/fallback.md").read_text("utf-8")
    assert command in page
    assert "4,251 tokens" in page
    assert "301 answered a document" in page
    assert printed in page, f"{command.strip()}, and put it there"
