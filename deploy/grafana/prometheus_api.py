"""Asks a Prometheus over its HTTP API. Knows only numbers: histograms of the native kind are not read.

Source: prometheus.io, "HTTP API", /api/v1.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 10


class PrometheusError(Exception):
    """It does not answer, or calls the question wrong."""


@dataclass(frozen=True, slots=True)
class Series:
    """Labels and (Unix time in seconds, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class PrometheusApi:
    """A Prometheus at an address such as http://localhost:9090."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def now(self, expr: str, at_s: float | None = None) -> list[Series]:
        """An instant query, of this moment unless another is given. Raises: PrometheusError."""
        data = self._get("query", query=expr, **({} if at_s is None else {"time": str(at_s)}))
        if data["resultType"] == "scalar":
            return [Series({}, (_point(data["result"]),))]
        return [Series(one["metric"], (_point(one["value"]),)) for one in data["result"]]

    def over(self, expr: str, start_s: float, end_s: float, step_s: float) -> list[Series]:
        """A range query. Raises: PrometheusError."""
        data = self._get("query_range", query=expr, start=str(start_s), end=str(end_s), step=str(step_s))
        return [Series(one["metric"], tuple(map(_point, one["values"]))) for one in data["result"]]

    def label_values(self, label: str, selector: str) -> list[str]:
        """The values of a label among the series that a selector finds. Raises: PrometheusError."""
        values: list[str] = self._get(f"label/{label}/values", **{"match[]": selector})
        return values

    def rules(self) -> list[dict[str, Any]]:
        """The recording rules as they were evaluated last: name, query, health, lastError. Raises: PrometheusError."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped: labels, health, lastError. Raises: PrometheusError."""
        active: list[dict[str, Any]] = self._get("targets")["activeTargets"]
        return active

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise PrometheusError(f"{parameters}: {error.read().decode(errors='replace')}") from error
        except OSError as error:
            raise PrometheusError(f"no Prometheus answers at {self.url}: {error}") from error


def _point(sample: tuple[float, str]) -> tuple[float, float]:
    at, value = sample
    return float(at), float(value)
