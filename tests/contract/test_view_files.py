"""Compose, Prometheus and Grafana find each other: every file mounted is there, what one calls another answers to."""

import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.dashboard_file import View
from deploy.grafana.overview import FILE
from deploy.grafana.promql import audited_right, audited_right_bound
from docmill.evaluation.wilson import wilson

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VIEW_SERVICES = ("prometheus", "grafana")
SCRAPE = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
SOURCE = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
VIEW = View(range_s=3600, step_s=15, scrape_s=15, chosen={"job": ".*", "instance": ".*", "datasource": "prometheus"})
PROVIDER = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/docmill.yml").read_text())["providers"][0]


def promtool(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run it; skips the test where there is none."""
    named = os.environ.get("DOCMILL_TEST_PROMETHEUS")
    binary = Path(named).with_name("promtool") if named else shutil.which("promtool")
    if binary is None or not Path(binary).exists():
        pytest.skip(
            "no promtool: `apt-get install prometheus`, or name a prometheus beside it, DOCMILL_TEST_PROMETHEUS"
        )
    return subprocess.run([binary, *words], cwd=DEPLOY, capture_output=True, text=True, check=False)


def mounts(service: str) -> dict[str, Path]:
    """What of the repository a service sees, by the path in its container."""
    binds = [text.split(":") for text in SERVICES[service]["volumes"] if text.startswith(".")]
    assert all(rest == ["ro"] for _, _, *rest in binds), f"{service}: a mounted file is read, never written"
    return {target: DEPLOY / source for source, target, *_ in binds}


def test_without_a_profile_only_kafka_starts() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["kafka"]
    assert all(SERVICES[name]["profiles"] == ["view"] for name in VIEW_SERVICES)
    assert "depends_on" not in SERVICES["kafka"]


def test_ports_are_the_loopback_address_only() -> None:
    ports = [port for service in SERVICES.values() for port in service["ports"]]
    assert len(ports) == len(SERVICES)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned_and_grafana_is_of_the_line_that_the_dashboard_was_made_for() -> None:
    assert all(re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"]) for service in SERVICES.values())
    line = ".".join(version("grafana-foundation-sdk").rpartition("!")[2].split(".")[:2])
    assert SERVICES["grafana"]["image"].startswith(f"grafana/grafana:{line}.")


@pytest.mark.parametrize("service", VIEW_SERVICES)
def test_what_is_mounted_is_there(service: str) -> None:
    mounted = mounts(service)
    assert mounted
    assert [path for path in mounted.values() if not path.exists()] == []


def test_named_volumes_are_declared() -> None:
    named = {
        text.partition(":")[0]
        for service in SERVICES.values()
        for text in service["volumes"]
        if not text.startswith((".", "/"))
    }
    assert named == COMPOSE["volumes"].keys()


def test_prometheus_sees_its_rules_and_its_target() -> None:
    mounted = mounts("prometheus")
    assert mounted["/etc/prometheus/prometheus.yml"] == DEPLOY / "prometheus/prometheus.yml"
    for pattern in SCRAPE["rule_files"]:  # relative to the config file, in the container and in the repository alike
        folder, _, name = pattern.rpartition("/")
        assert list(mounted[f"/etc/prometheus/{folder}"].glob(name))
    targets = [t for job in SCRAPE["scrape_configs"] for one in job["static_configs"] for t in one["targets"]]
    outside = {target.partition(":")[0] for target in targets} - SERVICES.keys()
    assert {f"{host}:host-gateway" for host in outside} == set(SERVICES["prometheus"]["extra_hosts"])


def test_grafana_sees_its_source_and_its_dashboards() -> None:
    mounted = mounts("grafana")
    for folder in ("datasources", "dashboards"):
        assert list(mounted[f"/etc/grafana/provisioning/{folder}"].glob("*.yml"))
    assert mounted[PROVIDER["options"]["path"]] == FILE.parent
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert mounted[str(Path(home).parent)] / Path(home).name == FILE
    host, port = SOURCE["url"].removeprefix("http://").split(":")
    assert SERVICES[host]["ports"][0].endswith(f":{port}")


def test_grafana_knows_how_often_prometheus_scrapes() -> None:
    """Else its $__rate_interval holds fewer than two scrapes, and every graph of a rate is empty."""
    assert SOURCE["jsonData"]["timeInterval"] == SCRAPE["global"]["scrape_interval"]


def test_whoever_opens_grafana_can_look_and_nothing_more() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == environment["GF_AUTH_ANONYMOUS_ENABLED"] == "true"


@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus/prometheus.yml"),
        ("check", "rules", "prometheus/rules/docmill.yml"),
        ("test", "rules", "prometheus/tests/docmill.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(words: tuple[str, ...]) -> None:
    done = promtool(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_can_disagree(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("groups: [{name: x, rules: [{record: a:b:c, expr: 'sum('}]}]")
    assert promtool("check", "rules", str(wrong)).returncode != 0


@pytest.mark.parametrize(("right", "wrong"), [(0, 3), (7, 0), (190, 10), (1, 1)])
def test_the_interval_of_the_audits_is_the_score_interval(tmp_path: Path, right: int, wrong: int) -> None:
    """As docmill.evaluation has it; what was not audited has none."""
    bounds = wilson(right, right + wrong)
    assert bounds is not None
    target = 'job="docmill-arbiter", instance="a", decided_by='
    counts = {('"model"', "right"): right, ('"model"', "wrong"): wrong, ('"retrieval"', "right"): 0}
    series = [
        {"series": f'docmill_audits_total{{{target}{decider}, verdict="{verdict}"}}', "values": f"0 {count}x2100"}
        for (decider, verdict), count in counts.items()
    ]
    # The first sample of a counter that begins at 0, and a window that holds all of it: nothing is extrapolated.
    lower, upper = bounds
    share = right / (right + wrong)
    asked = {audited_right(): share, audited_right_bound("-"): lower, audited_right_bound("+"): upper}
    tests = [
        {
            "expr": f"round({VIEW.interpolate(expr)}, 0.01)",
            "eval_time": "7d",
            "exp_samples": [{"labels": '{decided_by="model"}', "value": round(value, 2)}],
        }
        for expr, value in asked.items()
    ]
    file = tmp_path / "audits.yml"
    group = {"interval": "5m", "input_series": series, "promql_expr_test": tests}
    file.write_text(yaml.safe_dump({"tests": [group]}), encoding="utf-8")
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
