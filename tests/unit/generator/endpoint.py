"""An OpenAI-compatible endpoint that misbehaves as told: slow, down, nonsense. It cannot show what a model says."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COUNTED = "counted"


@dataclass
class Reply:
    """One completion, or what comes in its stead."""

    content: str | None = "{}"
    status: int = 200
    body: str | None = None  # instead of a completion
    delay_s: float = 0.0
    trickle_s: float = 0.0  # between the bytes of the body
    prompt_tokens: int = 100
    completion_tokens: int = 20
    usage: Any = COUNTED  # in place of those two
    finish: str = "stop"
    refusal: str | None = None
    hangs_up: bool = False  # without a word

    def sent(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        usage = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        choice = {"index": 0, "finish_reason": self.finish, "message": message}
        completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return json.dumps(completion | {"usage": usage if self.usage == COUNTED else self.usage}).encode()


@dataclass
class Endpoint:
    """Where it is, what it was asked, and what it says next; the last reply again and again."""

    replies: Sequence[Reply]
    base_url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, asked: dict[str, Any]) -> Reply:
        with self.lock:
            self.asked.append(asked)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            return self.replies[min(len(self.asked), len(self.replies)) - 1]

    def done(self) -> None:
        with self.lock:
            self.at_once -= 1


@contextmanager
def endpoint(*replies: Reply) -> Iterator[Endpoint]:
    """On a free port of loopback."""
    it = Endpoint(replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            reply = it.next(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(reply.delay_s)
            it.done()
            if reply.hangs_up:
                self.close_connection = True
                return
            sent = reply.sent()
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                for byte in sent if reply.trickle_s else ():
                    self.wfile.write(bytes((byte,)))
                    time.sleep(reply.trickle_s)
                if not reply.trickle_s:
                    self.wfile.write(sent)
            except OSError:
                pass  # nobody waits any more

        def log_message(self, *_: object) -> None:
            """Not on the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    it.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
