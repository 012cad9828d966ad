"""`python -m samples.demo_noted_fallback FILE`: the fallback as `docmill run fallback` runs it, its settings from the
environment; into FILE goes what its generator said, a line for each question.

For `make demo-generator`: what was quoted and what was rejected is in no event, and in metrics only as a count.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docmill.fallback_service.app import new_generator, run_fallback
from docmill.fallback_service.generators import Answered, Asked, Place
from docmill.generator.types import Ask
from docmill.settings import Settings, load_settings
from docmill.telemetry.logs import configure_logs
from samples.generator_said import Noted, Said


@dataclass(frozen=True, slots=True)
class NotedGenerator:
    """See Asked; notes what the generator behind it says."""

    behind: Asked
    notes: Path

    @property
    def model(self) -> str:
        """See Asked."""
        return self.behind.model

    @property
    def away(self) -> bool:
        """See Asked."""
        return self.behind.away

    def ask_all(self, asks: Sequence[tuple[Place, Ask]], abandoned: Callable[[], bool]) -> list[Answered]:
        """See Asked."""
        answers = self.behind.ask_all(asks, abandoned)
        noted = (Noted(place=place, said=Said.of(ask, said)) for (place, ask), said in zip(asks, answers, strict=True))
        with self.notes.open("a", encoding="utf-8") as file:
            file.write("".join(f"{one.model_dump_json()}\n" for one in noted))
        return answers

    def close(self) -> None:
        """See Asked."""
        self.behind.close()


def noted_generator(settings: Settings) -> NotedGenerator:
    """The generator that the settings name."""
    generator = new_generator(settings)
    if generator is None:
        raise SystemExit("set DOCMILL_GENERATOR_URL and DOCMILL_GENERATOR_MODEL")
    return NotedGenerator(generator, Path(sys.argv[1]))


if __name__ == "__main__":
    own = load_settings()
    configure_logs(own.log_level)
    asyncio.run(run_fallback(own, make_generator=noted_generator))
