"""Micro-batches on threads of their own against torch's plain way: the same states, the same gradients."""

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from torch import Tensor, nn  # noqa: E402

from docmill.training.apart import encode_apart  # noqa: E402
from docmill.training.dropout import PooledDropout, seeded_dropout  # noqa: E402

ROWS = [torch.randn(5, 8, generator=torch.Generator().manual_seed(n)) for n in range(4)]


class Encoder(nn.Module):  # type: ignore[misc]  # torch does not type it
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.unused = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        self.dropout = PooledDropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.second(self.dropout(torch.tanh(self.first(x))))
        return found


def gradients(encoder: Encoder, threads: int | None) -> dict[str, Tensor | None]:
    """Of a loss over all states at once; None: torch's plain way."""
    encoder.zero_grad()

    def encode(number: int) -> Tensor:
        return encoder(ROWS[number])

    if threads is None:
        states = [encode(number) for number in range(len(ROWS))]
    else:
        states = encode_apart(encode, len(ROWS), list(encoder.parameters()), threads)
    (torch.cat(states).mean(0) ** 2).sum().backward()
    return {name: None if p.grad is None else p.grad.clone() for name, p in encoder.named_parameters()}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_gradients_are_those_of_the_plain_way(threads: int) -> None:
    plain, apart = gradients(Encoder(), None), gradients(Encoder(), threads)
    for name, gradient in plain.items():
        if name.startswith("unused"):
            assert gradient is None
            assert apart[name] is None
        else:
            torch.testing.assert_close(apart[name], gradient)


def test_what_does_not_learn_gets_no_gradient() -> None:
    encoder = Encoder()
    encoder.first.requires_grad_(requires_grad=False)
    found = gradients(encoder, 2)
    assert found["first.weight"] is None
    assert found["second.weight"] is not None


def test_masks_do_not_depend_on_the_number_of_threads() -> None:
    encoder = Encoder(dropout=0.5).train()
    found = []
    for threads in (1, 2, 4, 2):
        torch.manual_seed(7)
        found.append(gradients(encoder, threads))
    for other in found[1:]:
        for name, gradient in found[0].items():
            assert gradient is None or torch.equal(gradient, other[name])
    torch.manual_seed(8)
    assert not torch.equal(gradients(encoder, 2)["second.weight"], found[0]["second.weight"])


def test_micro_batches_have_masks_of_their_own() -> None:
    ones = torch.ones(1, 10_000)
    dropout = PooledDropout(0.5).train()
    masks = encode_apart(lambda _: dropout(ones), 2, [], 2)
    assert not torch.equal(masks[0], masks[1])


def test_without_gradients_there_are_none() -> None:
    encoder = Encoder()
    with torch.no_grad():
        states = encode_apart(lambda number: encoder(ROWS[number]), len(ROWS), list(encoder.parameters()), 2)
    assert not any(state.requires_grad for state in states)
    torch.testing.assert_close(torch.cat(states), encoder(torch.cat(ROWS)))


def test_a_failure_on_a_thread_is_the_callers() -> None:
    def fail(number: int) -> Tensor:
        raise ValueError(f"micro-batch {number}")

    with pytest.raises(ValueError, match="micro-batch 0"):
        encode_apart(fail, 3, [nn.Parameter(torch.ones(1))], 2)


def test_seeded_masks_end_with_their_block() -> None:
    dropout, ones = PooledDropout(0.5).train(), torch.ones(1, 10_000)
    torch.manual_seed(1)
    first = dropout(ones)
    torch.manual_seed(1)
    with seeded_dropout(5):
        seeded = dropout(ones)
    assert torch.equal(dropout(ones), first)
    with seeded_dropout(5):
        assert torch.equal(dropout(ones), seeded)
