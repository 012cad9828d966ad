"""`docmill run`: the services, in the foreground until SIGTERM or SIGINT."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from docmill.cli.options import BundleFolder, Threads, TopicPrefix, broker_settings
from docmill.cli.run_generator import generator
from docmill.errors import ConfigurationError

HttpHost = Annotated[str | None, typer.Option(help="Where metrics and probes listen.")]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error. Default: info.")]

app = typer.Typer(
    name="run",
    help="The services, in the foreground: processor, fallback, indexer, arbiter, generator.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def processor(
    bundle: BundleFolder = None,
    threads: Threads = None,
    group: Annotated[str | None, typer.Option(help="Consumer group. Default: docmill-processor.")] = None,
    http_host: HttpHost = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of metrics and probes; 0: any free one. Default: 9108.")
    ] = None,
    topic_prefix: TopicPrefix = None,
    max_slice_tokens: Annotated[
        int | None, typer.Option(help="Estimated tokens of a slice, the unit of publishing and committing.")
    ] = None,
    include_text: Annotated[
        bool | None,
        typer.Option("--include-text/--no-include-text", help="Carry the extracted text in results."),
    ] = None,
    log_level: LogLevel = None,
) -> None:
    """Reads documents.received, publishes results, deferrals and dead letters; ends on SIGTERM or SIGINT.

    Every option is a setting too: `--group` is DOCMILL_GROUP, and so on; the option wins. Start it several times
    to share the partitions.

    Example: `docmill run processor --threads 4 --topic-prefix claims.`

    Exit codes: 0 stopped on request, 1 it cannot start or go on (the message says why), 2 wrong usage.
    """
    settings = broker_settings(
        bundle=bundle,
        threads=threads,
        group=group,
        http_host=http_host,
        http_port=http_port,
        topic_prefix=topic_prefix,
        max_slice_tokens=max_slice_tokens,
        include_text=include_text,
        log_level=log_level,
    )
    from docmill.kafka.app import run_processor
    from docmill.telemetry.logs import configure_logs

    configure_logs(settings.log_level)
    asyncio.run(run_processor(settings))


@app.command()
def fallback(
    bundle: BundleFolder = None,
    policy: Annotated[
        Path | None, typer.Option(help="JSON of weights and thresholds. Default: the one shipped.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the embedder. Default: the usable cores.")] = None,
    group: Annotated[str | None, typer.Option(help="Consumer group. Default: docmill-fallback.")] = None,
    http_host: HttpHost = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of metrics and probes; 0: any free one. Default: 9110.")
    ] = None,
    topic_prefix: TopicPrefix = None,
    include_text: Annotated[
        bool | None,
        typer.Option("--include-text/--no-include-text", help="Carry the extracted text in results."),
    ] = None,
    generator_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible endpoint, with /v1. Default: none is asked.")
    ] = None,
    generator_model: Annotated[str | None, typer.Option(help="As that endpoint names it.")] = None,
    log_level: LogLevel = None,
) -> None:
    """Reads documents.fallback, decides from the index and, where one is named, by a generator; asks a person about the
    rest on documents.review. Ends on SIGTERM or SIGINT.

    Every option is a setting too: `--group` is DOCMILL_FALLBACK_GROUP here, `--http-port` DOCMILL_FALLBACK_HTTP_PORT,
    `--policy` DOCMILL_FALLBACK_POLICY; the option wins. The generator's key and budget are settings only. Start it
    several times to share the partitions. It needs `docmill[rag]` and the embedder's weights.

    Example: `docmill run fallback --generator-url http://localhost:8080/v1 --generator-model qwen`

    Exit codes: 0 stopped on request, 1 it cannot start or go on (the message says why), 2 wrong usage.
    """
    settings = broker_settings(
        bundle=bundle,
        fallback_policy=policy,
        threads=threads,
        fallback_group=group,
        http_host=http_host,
        fallback_http_port=http_port,
        topic_prefix=topic_prefix,
        include_text=include_text,
        generator_url=generator_url,
        generator_model=generator_model,
        log_level=log_level,
    )
    from docmill.telemetry.logs import configure_logs

    try:
        from docmill.fallback_service.app import run_fallback
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the fallback needs {error.name}, which is not installed: pip install 'docmill[rag]'"
        ) from error

    configure_logs(settings.log_level)
    asyncio.run(run_fallback(settings))


@app.command()
def indexer(
    threads: Annotated[int | None, typer.Option(min=1, help="Of the embedder. Default: the usable cores.")] = None,
    group: Annotated[str | None, typer.Option(help="Consumer group. Default: docmill-indexer.")] = None,
    http_host: HttpHost = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of metrics and probes; 0: any free one. Default: 9109.")
    ] = None,
    topic_prefix: TopicPrefix = None,
    log_level: LogLevel = None,
) -> None:
    """Reads knowledge.updated, chunks and embeds each source text once, publishes knowledge.indexed; ends on SIGTERM
    or SIGINT.

    Every option is a setting too: `--group` is DOCMILL_INDEXER_GROUP here, `--http-port` DOCMILL_INDEXER_HTTP_PORT;
    the option wins. Start it several times to share the partitions. It needs `docmill[rag]` and the embedder's weights.

    Example: `docmill run indexer --topic-prefix claims.`

    Exit codes: 0 stopped on request, 1 it cannot start or go on (the message says why), 2 wrong usage.
    """
    settings = broker_settings(
        threads=threads,
        indexer_group=group,
        http_host=http_host,
        indexer_http_port=http_port,
        topic_prefix=topic_prefix,
        log_level=log_level,
    )
    from docmill.indexer.app import run_indexer
    from docmill.telemetry.logs import configure_logs

    configure_logs(settings.log_level)
    asyncio.run(run_indexer(settings))


@app.command()
def arbiter(
    group: Annotated[str | None, typer.Option(help="Consumer group. Default: docmill-arbiter.")] = None,
    http_host: HttpHost = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of metrics and probes; 0: any free one. Default: 9111.")
    ] = None,
    topic_prefix: TopicPrefix = None,
    include_text: Annotated[
        bool | None,
        typer.Option("--include-text/--no-include-text", help="Carry the extracted text in results."),
    ] = None,
    log_level: LogLevel = None,
) -> None:
    """Reads documents.feedback: the first decision on each open review becomes a result and an exemplar, and ends the
    review; a later one changes nothing. Ends on SIGTERM or SIGINT.

    Every option is a setting too: `--group` is DOCMILL_ARBITER_GROUP here, `--http-port` DOCMILL_ARBITER_HTTP_PORT; the
    option wins. Start it several times to share the partitions.

    Example: `docmill run arbiter --topic-prefix claims.`

    Exit codes: 0 stopped on request, 1 it cannot start or go on (the message says why), 2 wrong usage.
    """
    settings = broker_settings(
        arbiter_group=group,
        http_host=http_host,
        arbiter_http_port=http_port,
        topic_prefix=topic_prefix,
        include_text=include_text,
        log_level=log_level,
    )
    from docmill.arbiter.app import run_arbiter
    from docmill.telemetry.logs import configure_logs

    configure_logs(settings.log_level)
    asyncio.run(run_arbiter(settings))


app.command()(generator)
