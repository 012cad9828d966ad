"""The parts of `make bench`: what exactly_once costs beside at_least_once."""
