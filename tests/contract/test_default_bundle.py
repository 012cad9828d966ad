"""The bundle that ships with docmill is the one of its recipe, and small enough to ship. (What it says: parity.)"""

from docmill.resources import resource

BUNDLE = resource("bundles") / "mailroom-en"
MAX_BYTES = 25_000_000  # every clone has it, and every wheel takes whatever lies in its folder


def test_it_was_made_by_the_recipe_that_stands_among_the_others() -> None:
    recipe = resource("recipes") / "mailroom-en.toml"
    assert (BUNDLE / "recipe.toml").read_text(encoding="utf-8") == recipe.read_text(encoding="utf-8")


def test_it_is_small_enough_to_ship() -> None:
    sizes = {path.name: path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file()}
    assert {"manifest.json", "model.int8.onnx", "tokenizer.json"} <= sizes.keys()
    assert sum(sizes.values()) <= MAX_BYTES, sizes
