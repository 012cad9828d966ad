import subprocess
import sys

import pytest

PROGRAM = """
import json, logging, sys
from docmill.telemetry.logs import configure_logs
configure_logs(sys.argv[1])
for name in ("docmill.kafka", "aiokafka.conn", "faststream.access", "anybody"):
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger(name), level)("%s says %s", name, level)
"""
LEVELS = ["debug", "info", "warning", "error"]


def logged(level: str) -> list[str]:
    """Lines on standard error of a fresh process; nothing may be on standard output, where results go."""
    command = [sys.executable, "-c", PROGRAM, level]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.parametrize("level", LEVELS)
def test_lines_of_a_level_and_above_are_logged(level: str) -> None:
    lines = [line for line in logged(level) if "docmill.kafka says" in line]
    assert [line.rpartition(" ")[2] for line in lines] == LEVELS[LEVELS.index(level) :]


@pytest.mark.parametrize("client", ["aiokafka.conn", "faststream.access"])
def test_client_libraries_speak_from_warning_up(client: str) -> None:
    assert [line.rpartition(" ")[2] for line in logged("info") if f"{client} says" in line] == ["warning", "error"]


@pytest.mark.parametrize("client", ["aiokafka.conn", "faststream.access", "anybody"])
def test_what_libraries_say_below_info_is_never_written(client: str) -> None:
    """There aiokafka writes whole requests: documents, and the password of SASL PLAIN."""
    said = [line.rpartition(" ")[2] for line in logged("debug") if f"{client} says" in line]
    assert said == ["info", "warning", "error"]


@pytest.mark.parametrize("level", ["debug", "info"])
@pytest.mark.parametrize("client", ["httpx", "httpx2"])
def test_of_a_url_only_the_host_is_written(level: str, client: str) -> None:
    """A generator's may hold a password, or a key in its query."""
    program = """
import logging, sys
from docmill.telemetry.logs import configure_logs
class Url:
    host = "generator.example.org"
    def __str__(self):
        return "https://somebody:secret@generator.example.org/v1?key=secret"
configure_logs(sys.argv[1])
logging.getLogger(sys.argv[2]).info('HTTP Request: %s %s "%s %d"', "POST", Url(), "HTTP/1.1", 401)
"""
    command = [sys.executable, "-c", program, level, client]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    [line] = done.stderr.splitlines()
    assert line.endswith(f'INFO {client} HTTP Request: POST generator.example.org "HTTP/1.1 401"')


def test_client_libraries_are_not_louder_than_asked_for() -> None:
    assert [line for line in logged("error") if line.endswith("warning")] == []


def test_a_line_has_time_level_and_name() -> None:
    [line] = [line for line in logged("error") if "docmill.kafka" in line]
    date, time, *rest = line.split(" ", 4)
    assert len(date) == 10
    assert time.count(":") == 2
    assert rest == ["ERROR", "docmill.kafka", "docmill.kafka says error"]
