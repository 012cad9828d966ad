"""The parts of load_tests/training_trials.py: recipes with some values replaced, trained a little and compared."""
