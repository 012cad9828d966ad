"""The parts of load_tests/fallback_eval.py: what tier 1 of the fallback is worth, measured on labelled documents."""
