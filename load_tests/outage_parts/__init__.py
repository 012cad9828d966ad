"""Parts of load_tests.generator_outage."""
