"""The parts of load_tests/answers.py: when the fallback's answers change, and whether the changed ones are right."""
