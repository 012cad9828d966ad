"""What int8 gains and costs: microseconds a token of the graph's variants, and how far their hidden states are off.

    python load_tests/bench_runtime.py WEIGHTS.npz [--lengths 64 256] [--rounds 9]
                                       [--tokenizer tokenizer.json --texts samples]

WEIGHTS.npz: `np.savez(path, **{name: w.numpy() for name, w in joint_model.state_dict().items()})`; MiniLM's heads.
One window at a time on one thread. The variants take turns within a round, so that whatever else the machine does
falls on all of them alike: take the ratios, not the absolutes.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from docmill.runtime.graph import GraphConfig, Precision, build_graph
from docmill.runtime.session import session_options
from docmill.runtime.weights import JointWeights, Linear, from_state_dict

HEADS = 12
MAX_TOKENS = 256
RUNS = 20  # of one variant within a round
FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """A graph and the session setting that it runs under."""

    precision: Precision
    weight_bits: int
    exact_products: bool  # session.x64quantprecision=1: no saturation on CPUs without VNNI, but slower there


VARIANTS = {
    "fp32": Variant("fp32", 8, exact_products=False),
    "int8, 7 bits": Variant("int8", 7, exact_products=False),
    "int8, 8 bits, x64quantprecision": Variant("int8", 8, exact_products=True),
    "int8, 8 bits, may saturate": Variant("int8", 8, exact_products=False),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--lengths", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    weights = load_weights(args.weights)
    print(f"{processor()}; onnxruntime {ort.__version__}; {len(weights.layers)} layers of {weights.hidden_size}")
    sessions = {name: open_session(weights, variant) for name, variant in VARIANTS.items()}
    for length in args.lengths:
        report_speed(sessions, length, args.rounds)
    if args.texts and args.tokenizer:
        report_agreement(weights, windows_of(args.texts, Tokenizer.from_file(str(args.tokenizer))))


def load_weights(path: Path) -> JointWeights:
    with np.load(path) as arrays:
        state = dict(arrays)
    return from_state_dict(state, sum(name.endswith("intermediate.dense.bias") for name in state))


def open_session(weights: JointWeights, variant: Variant) -> ort.InferenceSession:
    graph = build_graph(weights, GraphConfig(HEADS, MAX_TOKENS), variant.precision, variant.weight_bits)
    options = session_options()
    if variant.exact_products:
        options.add_session_config_entry("session.x64quantprecision", "1")
        # An optimisation of the extended level carries it out; below that it does nothing, and says nothing.
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:  # from a file, as the service loads it
        file.write(graph.SerializeToString())
        file.flush()
        return ort.InferenceSession(file.name, options)


def report_speed(sessions: dict[str, ort.InferenceSession], length: int, rounds: int) -> None:
    """Print the median over rounds of each variant's mean time a token, and its ratio to fp32."""
    generator = np.random.default_rng(length)
    samples: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(rounds + 1):
        windows = [generator.integers(1000, 30000, (1, length)) for _ in range(RUNS)]
        for name, session in sessions.items():
            started = time.perf_counter()
            for ids in windows:
                session.run(None, {"ids": ids})
            samples[name].append((time.perf_counter() - started) / RUNS / length * 1e6)
    medians = {name: statistics.median(times[1:]) for name, times in samples.items()}  # the first round warms up
    for name, median_us in medians.items():
        ratio = statistics.median(f / t for f, t in zip(samples["fp32"][1:], samples[name][1:], strict=True))
        print(f"length {length:3}  {name:32} {median_us:6.1f} us/token  {ratio:5.2f} x fp32")


def windows_of(folder: Path, tokenizer: Tokenizer) -> list[NDArray[np.int64]]:
    """The first window of each .txt file, framed."""
    windows = []
    for path in sorted(folder.rglob("*.txt")):
        text = path.read_text(encoding="utf-8", errors="replace")
        ids = tokenizer.encode(text, add_special_tokens=False).ids[: MAX_TOKENS - 2]
        frame = [tokenizer.token_to_id("[CLS]"), *ids, tokenizer.token_to_id("[SEP]")]
        if ids:
            windows.append(np.array([frame], dtype=np.int64))
    return windows


def report_agreement(weights: JointWeights, windows: list[NDArray[np.int64]]) -> None:
    """Print the relative error of hidden states against fp32: norm of the difference over norm, over all tokens."""
    size = weights.hidden_size
    seen = Linear(np.eye(size, dtype=np.float32), np.zeros(size, np.float32))  # a tag head that lets them out
    open_weights = dataclasses.replace(weights, tag_head=seen)
    hidden: dict[str, NDArray[np.float32]] = {}
    for name, variant in VARIANTS.items():
        session = open_session(open_weights, variant)
        states = [session.run(["tag_logits"], {"ids": ids})[0].reshape(-1, size) for ids in windows]
        hidden[name] = np.concatenate(states)
    expected = hidden["fp32"]
    print(f"hidden states of {len(windows)} windows, {len(expected)} tokens, against fp32:")
    for name, found in hidden.items():
        error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
        cosines = (found * expected).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
        print(f"  {name:32} {100 * error:5.2f} % off, cosine mean {cosines.mean():.5f} least {cosines.min():.4f}")


def processor() -> str:
    """The processor's name and the features that decide how it multiplies bytes."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return "processor unknown"
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", "").split()
    return f"{facts.get('model name', 'processor')} ({', '.join(f for f in FEATURES if f in flags)})"


if __name__ == "__main__":
    main()
