"""The network that is trained, in torch: how it starts, what it is told, and that a killed training goes on."""

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("transformers", reason="the extra [train] is not installed")

from docmill.bundle.manifest import TrainingStage  # noqa: E402
from docmill.errors import ConfigurationError  # noqa: E402
from docmill.training.batch import Batch, Outputs, make_batch, run_batch  # noqa: E402
from docmill.training.bf16 import Bf16Linear, has_bf16_tiles, multiplying_in_bf16, with_bf16_linears  # noqa: E402
from docmill.training.corpus import LabelledDocument  # noqa: E402
from docmill.training.course import Course  # noqa: E402
from docmill.training.device import Device, choose_device  # noqa: E402
from docmill.training.distil import DistilLoss  # noqa: E402
from docmill.training.dropout import PooledDropout  # noqa: E402
from docmill.training.export import weights_of  # noqa: E402
from docmill.training.fit import CHECKPOINT_FILE, fit  # noqa: E402
from docmill.training.labels_loss import MOST_WEIGHT, LabelsLoss, Losses, class_weights  # noqa: E402
from docmill.training.model import JointModel, initial_model, load_model, save_model, student_of, trained_as  # noqa: E402
from docmill.training.progress import Moment  # noqa: E402
from docmill.training.recipe_stages import Common, Distil, Schedule  # noqa: E402
from docmill.training.targets import IGNORED  # noqa: E402
from docmill.training.tokenizer import extended_tokenizer  # noqa: E402
from tests.tiny_checkpoint import HIDDEN, LAYERS, write_checkpoint  # noqa: E402
from tests.tiny_training import (  # noqa: E402
    COMMON,
    DEVICE,
    DOCUMENTS,
    LABELS,
    TRAINED,
    kept_ids,
    labels_loss,
    maker,
    model_of,
)
from tests.unit.training.fakes import document, recipe  # noqa: E402

BF16 = Device("cpu (bf16)", "cpu", True, 64, threads=2)
AS_A_GPU = replace(DEVICE, apart=False)  # its way through the network, without one
SUPPLY = document("x", name="c", group="contract", label="contract.supply")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


def leases(number: int) -> list[LabelledDocument]:
    return [document("x", name=f"l{n}", group="contract", label="contract.lease") for n in range(number)]


def receipts(number: int) -> list[LabelledDocument]:
    return [document("x", name=f"r{n}", label="receipt") for n in range(number)]


def batch_of(*documents: Any) -> Any:
    make = maker()
    return make_batch([make(one, random.Random(0)) for one in documents], DEVICE)


def test_added_tokens_start_from_known_ones(base: Path) -> None:
    tokenizer = extended_tokenizer(base / "tokenizer.json")
    model = model_of(base)
    from transformers import BertModel

    old = BertModel.from_pretrained(base, add_pooling_layer=False).embeddings.word_embeddings.weight
    words = model.encoder.embeddings.word_embeddings.weight
    kept = kept_ids(base)
    assert torch.equal(words[:-2], old[kept[:-2]])
    sep, stop, bar, comma = (tokenizer.token_to_id(token) for token in ("[SEP]", ".", "|", ","))
    torch.testing.assert_close(words[-2], (old[sep] + old[stop]) / 2)
    torch.testing.assert_close(words[-1], (old[bar] + old[comma]) / 2)


def test_layers_are_taken_in_order(base: Path) -> None:
    whole, part = model_of(base), model_of(base, (0, 2))
    assert len(whole.encoder.encoder.layer) == LAYERS
    for own, index in zip(part.encoder.encoder.layer, (0, 2), strict=True):
        assert torch.equal(own.output.dense.weight, whole.encoder.encoder.layer[index].output.dense.weight)
    assert torch.equal(part.type_head.weight, whole.type_head.weight)  # one seed


@pytest.mark.parametrize("layers", [(2, 0), (1, 1), (0, LAYERS)])
def test_layers_that_are_not_there_are_refused(base: Path, layers: tuple[int, ...]) -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 3, of the 4"):
        model_of(base, layers)
    with pytest.raises(ConfigurationError, match="from 0 to 3, of the 4"):
        student_of(model_of(base), layers, 0.0)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path, base: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no Hugging Face checkpoint"):
        initial_model(tmp_path, None, 1, 1, initial_ids={}, kept=np.zeros(1, np.int64), dropout=0, seed=0)


@pytest.mark.parametrize(("of", "other"), [("gelu", "relu"), ("bert", "roberta")])
def test_another_network_than_bert_with_gelu_is_refused(tmp_path: Path, base: Path, of: str, other: str) -> None:
    config = (base / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace(f'"{of}"', f'"{other}"'))
    with pytest.raises(ConfigurationError, match=f"{other}.*only BERT with gelu"):
        initial_model(tmp_path, None, 1, 1, initial_ids={}, kept=np.zeros(1, np.int64), dropout=0, seed=0)


def test_a_student_of_all_layers_is_the_teacher(base: Path) -> None:
    teacher = model_of(base).eval()
    student = student_of(teacher, tuple(range(LAYERS)), 0.1).eval()
    batch = batch_of(*DOCUMENTS["slips"], *DOCUMENTS["deeds"])
    told, own = run_batch(teacher, batch, DEVICE), run_batch(student, batch, DEVICE)
    torch.testing.assert_close(own.types, told.types)
    torch.testing.assert_close(own.tags, told.tags)
    parts = distil_loss(teacher)(batch, own).parts
    assert parts == {"type kl": pytest.approx(0, abs=1e-6), "tags kl": pytest.approx(0, abs=1e-6), "hidden": 0}


def distil_loss(teacher: JointModel, **changes: float) -> DistilLoss:
    return DistilLoss(teacher, labels_loss(), Distil(**changes), COMMON, DEVICE)


def test_a_student_of_fewer_layers_is_told_where_it_differs(base: Path) -> None:
    teacher = model_of(base).eval()
    student = student_of(teacher, (1, 3), 0.0)
    batch = batch_of(*DOCUMENTS["slips"])
    losses = distil_loss(teacher)(batch, run_batch(student, batch, DEVICE))
    assert all(part > 0 for part in losses.parts.values())
    losses.total.backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert student.encoder.encoder.layer[0].output.dense.weight.grad.abs().sum() > 0


def test_an_entity_of_the_teacher_weighs_more(base: Path) -> None:
    teacher = model_of(base).eval()
    with torch.no_grad():
        teacher.tag_head.bias.view(-1, 3)[:, 1] = 6  # everything begins something
    batch = batch_of(*DOCUMENTS["slips"])
    outputs = run_batch(student_of(teacher, (1, 3), 0.0), batch, DEVICE)
    plain, weighted = (
        distil_loss(teacher, entity_weight=weight)(batch, outputs).parts["tags kl"] for weight in (1.0, 10.0)
    )
    assert weighted == pytest.approx(10 * plain, rel=0.05)


class Says:
    """A teacher that gives the same outputs whatever it is asked."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs

    def to(self, device: str) -> "Says":
        return self

    def eval(self) -> "Says":
        return self


def test_what_a_student_is_told_worked_out_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """One document, one token of one field, two types; a temperature of 2 halves the logits."""
    log = math.log
    vectors = torch.zeros(1, 2)
    teacher = Outputs(
        vectors,
        types=torch.tensor([[2 * log(3), 0.0]]),  # softened: 3/4 and 1/4
        tags=torch.tensor([[0.0, log(2), 0.0]]),  # outside with 1/4; softened by 2: 1, sqrt(2), 1
        hidden=[torch.tensor([[1.0, 2.0]])],
    )
    student = Outputs(vectors, types=torch.zeros(1, 2), tags=torch.zeros(1, 3), hidden=[torch.tensor([[1.0, 4.0]])])
    monkeypatch.setattr("docmill.training.distil.run_batch", lambda model, batch, device: model.outputs)
    weights = torch.ones(2)
    common = Common(tag_weight=10, entity_weight=3)
    told = Distil(cross_entropy=0.5, kl=4, hidden=0.25, temperature=2, entity_weight=9)
    batch = Batch([], [], labels=torch.tensor([0]), targets=torch.tensor([1]), rows=1)
    losses = DistilLoss(Says(teacher), LabelsLoss(common, weights), told, common, DEVICE)(batch, student)  # type: ignore[arg-type]

    types_kl = 3 / 4 * log(3 / 4 * 2) + 1 / 4 * log(1 / 4 * 2)
    root = math.sqrt(2)
    shares = (1 / (2 + root), root / (2 + root), 1 / (2 + root))
    tags_kl = sum(share * log(share * 3) for share in shares) * (1 + 8 * 3 / 4)  # an entity for three quarters
    hidden = 2.0  # the mean of 0 and 4
    assert losses.parts == {
        "type kl": pytest.approx(types_kl, rel=1e-5),
        "tags kl": pytest.approx(tags_kl, rel=1e-5),
        "hidden": pytest.approx(hidden),
    }
    types = 0.5 * log(2) + 4 * types_kl
    tags = 0.5 * 3 * log(3) + 4 * tags_kl
    assert losses.total.item() == pytest.approx(types / 10 + tags + 0.25 * hidden, rel=1e-5)


def fitted(model: JointModel, course: Course, schedule: Schedule, folder: Path) -> dict[str, Any]:
    """The weights after the course, by name."""
    after = fit(model, course, labels_loss(), schedule, DEVICE, folder, "seed", lambda moment: None, TRAINED)
    state: dict[str, Any] = after.state_dict()
    return state


def test_the_tag_head_alone_learns_faster(base: Path, tmp_path: Path) -> None:
    """A single step of Adam moves every weight by its rate."""
    course = Course(DOCUMENTS, recipe(), maker(), 1, "course")
    assert len(course) == 1
    model = model_of(base, (0, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    schedule = Schedule(tokens=1, encoder_lr=1e-5, head_lr=1e-3)
    after = fitted(model, course, schedule, tmp_path)
    moved = {
        name: (after[name] - before[name]).abs().max().item()
        for name in ("type_head.bias", "tag_head.bias", "encoder.encoder.layer.0.output.dense.bias")
    }
    assert moved["tag_head.bias"] == pytest.approx(1e-3, rel=0.02)
    assert moved["type_head.bias"] == pytest.approx(1e-5, rel=0.1)
    assert moved["encoder.encoder.layer.0.output.dense.bias"] == pytest.approx(1e-5, rel=0.1)


def test_frozen_layers_stay_as_they_begin(base: Path, tmp_path: Path) -> None:
    model = model_of(base, (0, 1, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    schedule = Schedule(tokens=1, encoder_lr=1e-4, head_lr=1e-3, frozen_layers=2)
    course = Course(DOCUMENTS, recipe(), maker(), 1, "course")
    after = fitted(model, course, schedule, tmp_path)
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert all(name.startswith(("encoder.encoder.layer.2.", "type_head.", "tag_head.")) for name in moved)
    assert {"encoder.encoder.layer.2.output.dense.weight", "type_head.weight", "tag_head.weight"} <= moved


def test_no_more_layers_are_frozen_than_there_are(base: Path, tmp_path: Path) -> None:
    schedule = Schedule(tokens=1, encoder_lr=1e-4, head_lr=1e-3, frozen_layers=3)
    course = Course(DOCUMENTS, recipe(), maker(), 1, "course")
    with pytest.raises(ConfigurationError, match="frozen_layers = 3 of this stage, but the model has 2"):
        fitted(model_of(base, (0, 2)), course, schedule, tmp_path)


def test_padding_and_neighbours_do_not_matter(base: Path) -> None:
    model = model_of(base).eval()
    alone = run_batch(model, batch_of(DOCUMENTS["slips"][0]), DEVICE)
    beside = run_batch(model, batch_of(DOCUMENTS["slips"][0], *DOCUMENTS["deeds"]), DEVICE)
    torch.testing.assert_close(beside.types[:1], alone.types, rtol=0, atol=1e-5)


def test_a_device_with_bf16_is_told_nearly_the_same(base: Path) -> None:
    model, batch = model_of(base), batch_of(*DOCUMENTS["slips"], *DOCUMENTS["deeds"])
    outputs, gradients = [], []
    for device in (DEVICE, BF16, DEVICE):
        outputs.append(run_batch(model, batch, device))
        model.zero_grad()
        labels_loss()(batch, outputs[-1]).total.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.encoder.parameters() if p.grad is not None]))
    assert torch.equal(outputs[0].documents, outputs[2].documents)  # switched off again
    assert not torch.equal(outputs[0].documents, outputs[1].documents)
    torch.testing.assert_close(outputs[0].documents, outputs[1].documents, atol=0.03, rtol=0.03)
    assert torch.nn.functional.cosine_similarity(gradients[0], gradients[1], dim=0) > 0.99


def gradients(model: JointModel, batch: Batch, device: Device) -> dict[str, Any]:
    """Of every weight that the labels reach, by name."""
    model.zero_grad()
    labels_loss()(batch, run_batch(model, batch, device)).total.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("threads", [1, 2])
def test_the_way_of_a_gpu_and_that_of_a_cpu_come_to_the_same(base: Path, threads: int) -> None:
    """Several micro-batches, one after another or side by side, in fp32 and without dropout."""
    model, batch = model_of(base).eval(), batch_of(*DOCUMENTS["slips"], *DOCUMENTS["deeds"])
    assert len(batch.micros) > 1
    cpu = replace(DEVICE, threads=threads)
    apart, in_turn = run_batch(model, batch, cpu), run_batch(model, batch, AS_A_GPU)
    for name in ("documents", "types", "tags", "hidden"):
        torch.testing.assert_close(getattr(in_turn, name), getattr(apart, name), rtol=0, atol=1e-6)
    own, other = gradients(model, batch, cpu), gradients(model, batch, AS_A_GPU)
    assert {"type_head.weight", "tag_head.weight", "encoder.encoder.layer.0.output.dense.weight"} <= own.keys()
    torch.testing.assert_close(other, own, rtol=1e-4, atol=1e-6)


def test_a_gpu_multiplies_in_bf16_by_torchs_autocast(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the network, attention too, and heads as well; what comes out is fp32 and nearly the same."""
    model, batch = model_of(base).eval(), batch_of(*DOCUMENTS["slips"], *DOCUMENTS["deeds"])
    exact = run_batch(model, batch, AS_A_GPU)
    seen = attention_seen(monkeypatch)
    found = run_batch(model, batch, replace(AS_A_GPU, bf16=True))
    assert set(seen) == {torch.bfloat16}
    assert not any(isinstance(m, Bf16Linear) and m.bf16 for m in model.modules())
    assert {found.types.dtype, found.tags.dtype, *(h.dtype for h in found.hidden)} == {torch.float32}
    assert not torch.equal(found.types, exact.types)
    torch.testing.assert_close(found.types, exact.types, atol=0.03, rtol=0.03)
    torch.testing.assert_close(found.tags, exact.tags, atol=0.03, rtol=0.03)


def attention_seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by the dtype of what attention is asked from now on."""
    seen: list[Any] = []
    attention = torch.nn.functional.scaled_dot_product_attention

    def spied(query: Any, *rest: Any, **more: Any) -> Any:
        seen.append(query.dtype)
        return attention(query, *rest, **more)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spied)
    return seen


def test_the_attention_of_a_cpu_stays_fp32(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = attention_seen(monkeypatch)
    run_batch(model_of(base), batch_of(SUPPLY), BF16)
    assert set(seen) == {torch.float32}


@pytest.mark.parametrize("learning", [True, False])
def test_bf16_is_the_encoders_alone(base: Path, learning: bool) -> None:
    model, batch = model_of(base).eval(), batch_of(*DOCUMENTS["slips"])
    with torch.set_grad_enabled(learning):
        found, exact = run_batch(model, batch, BF16), run_batch(model, batch, DEVICE)
        dtypes = {found.types.dtype, found.tags.dtype, found.documents.dtype, *(h.dtype for h in found.hidden)}
        assert dtypes == {torch.float32}
        assert torch.equal(model.type_logits(found.documents), found.types)
    assert not torch.equal(found.documents, exact.documents)


@pytest.mark.parametrize(("tiles", "name"), [(True, "cpu (bf16)"), (False, "cpu (fp32)")])
def test_a_cpu_multiplies_in_bf16_where_it_has_tiles_for_it(
    monkeypatch: pytest.MonkeyPatch, tiles: bool, name: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr("docmill.training.device.has_bf16_tiles", lambda: tiles)
    device = choose_device()
    assert (device.torch, device.bf16, device.name, device.apart) == ("cpu", tiles, name, True)
    plain = device.in_fp32()
    assert (plain.bf16, plain.name, plain.threads) == (False, "cpu (fp32)", device.threads)


@pytest.mark.parametrize(("supported", "name"), [(True, "Any GPU (bf16)"), (False, "Any GPU (fp32)")])
def test_a_gpu_goes_before_the_cpu(monkeypatch: pytest.MonkeyPatch, supported: bool, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Any GPU")
    device = choose_device()
    assert (device.torch, device.bf16, device.name, device.apart) == ("cuda", supported, name, False)


@pytest.mark.parametrize(
    ("capabilities", "tiles"),
    [({"amx_bf16": True}, True), ({"amx_bf16": False}, False), ({"avx2": True}, False), (None, False)],
)
def test_a_torch_that_knows_of_no_tiles_has_none(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool] | None, tiles: bool
) -> None:
    if capabilities is None:
        monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert has_bf16_tiles() is tiles


def test_linear_layers_keep_their_weights_and_are_switched_back() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(8, 4, bias=False), torch.nn.Sequential(torch.nn.Linear(4, 2)))
    x = torch.randn(3, 8)
    expected = network(x)
    with_bf16_linears(network)
    assert torch.equal(network(x), expected)
    with multiplying_in_bf16(network):
        assert not torch.equal(network(x), expected)
        torch.testing.assert_close(network(x), expected, atol=0.05, rtol=0.05)
    assert torch.equal(network(x), expected)


def test_a_batch_knows_what_is_annotated(base: Path) -> None:
    batch = batch_of(DOCUMENTS["slips"][0], DOCUMENTS["deeds"][2])
    slip, deed = (
        len(maker()(one, random.Random(0)).windows[0].ids) - 2 for one in (DOCUMENTS["slips"][0], DOCUMENTS["deeds"][2])
    )
    assert batch.rows == slip + deed
    assert len(batch.targets) == 3 * slip + 2 * deed  # three fields of receipts, two of contracts
    assert batch.labels.tolist() == [2, IGNORED]


def test_unlabelled_documents_teach_no_type(base: Path) -> None:
    model = model_of(base).eval()
    batch = batch_of(DOCUMENTS["deeds"][2])
    losses = labels_loss()(batch, run_batch(model, batch, DEVICE))
    assert losses.parts["type"] == 0
    assert losses.parts["tags"] > 0
    losses.total.backward()
    assert model.type_head.weight.grad is None or not model.type_head.weight.grad.any()


def test_tags_weigh_as_the_recipe_says(base: Path) -> None:
    batch = batch_of(*DOCUMENTS["slips"])
    outputs = run_batch(model_of(base).eval(), batch, DEVICE)
    weights = torch.ones(len(LABELS))
    one, three = (LabelsLoss(Common(tag_weight=10, entity_weight=w), weights)(batch, outputs) for w in (1.0, 3.0))
    assert three.parts["tags"] > one.parts["tags"]
    assert one.total.item() == pytest.approx(one.parts["type"] + 10 * one.parts["tags"])


def test_the_types_of_a_group_are_balanced_and_groups_count_alike() -> None:
    weights = class_weights([*leases(4), SUPPLY, *receipts(100)], len(LABELS), maker())
    lease, supply, receipt = weights.tolist()
    assert supply == pytest.approx(2 * lease)
    assert (4 * lease + supply) / 5 == pytest.approx(1)
    assert receipt == pytest.approx(1)


def test_a_type_weighs_no_more_than_all_others() -> None:
    weights = class_weights([*leases(900), SUPPLY], len(LABELS), maker())
    assert weights[:2].tolist() == [pytest.approx(0.97, abs=0.01), MOST_WEIGHT]


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    dropout = PooledDropout(0.25).train()
    torch.manual_seed(0)
    x = torch.ones(200, 50, 8)
    found = dropout(x)
    assert (found == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert found.mean().item() == pytest.approx(1, abs=0.01)
    assert not torch.equal(dropout(x), found)
    torch.manual_seed(0)
    assert torch.equal(dropout(x), found)
    assert dropout.eval()(x) is x
    assert PooledDropout(0.0).train()(x) is x


def test_a_model_survives_its_folder(base: Path, tmp_path: Path) -> None:
    model = model_of(base, (0, 2)).eval()
    trained = TrainingStage(name="teacher", tokens=5, device="cpu")
    save_model(model, tmp_path, trained)
    again = load_model(tmp_path)
    batch = batch_of(*DOCUMENTS["slips"])
    torch.testing.assert_close(run_batch(again.eval(), batch, DEVICE).tags, run_batch(model, batch, DEVICE).tags)
    assert trained_as(tmp_path) == trained
    assert len(weights_of(again).layers) == 2
    assert weights_of(again).hidden_size == HIDDEN


class Killed(Exception):
    """Where a process would have died."""


SCHEDULE = Schedule(tokens=1500, encoder_lr=1e-3, head_lr=1e-2)


def trained(base: Path, folder: Path, kill_at: int | None = None, device: Device = DEVICE) -> JointModel:
    """A small training in a folder; dies in a step, if told to."""
    course = Course(DOCUMENTS, recipe(), maker(), SCHEDULE.tokens, "course")
    loss, steps = labels_loss(), 0

    def objective(batch: Any, outputs: Any) -> Losses:
        nonlocal steps
        if kill_at is not None and steps == kill_at:
            raise Killed
        steps += 1
        return loss(batch, outputs)

    model = model_of(base, (0, 2), dropout=0.1)
    return fit(model, course, objective, SCHEDULE, device, folder, "seed", lambda moment: None, TRAINED)


@pytest.mark.parametrize(
    ("kills", "device"), [((0,), DEVICE), ((7,), DEVICE), ((3, 5), DEVICE), ((7,), BF16), ((7,), AS_A_GPU)]
)
def test_a_killed_training_goes_on_to_the_same_weights(
    base: Path, tmp_path: Path, kills: tuple[int, ...], device: Device
) -> None:
    whole = trained(base, tmp_path, device=device)
    assert not (tmp_path / CHECKPOINT_FILE).exists()
    for kill in kills:
        with pytest.raises(Killed):
            trained(base, tmp_path, kill_at=kill, device=device)
    resumed = trained(base, tmp_path, device=device)
    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_a_training_does_not_go_on_on_another_device(base: Path, tmp_path: Path) -> None:
    whole = trained(base, tmp_path)
    with pytest.raises(Killed):
        trained(base, tmp_path, kill_at=7, device=BF16)
    anew = trained(base, tmp_path)
    for (name, one), other in zip(whole.state_dict().items(), anew.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_a_resumed_training_does_not_start_over(base: Path, tmp_path: Path) -> None:
    course = Course(DOCUMENTS, recipe(), maker(), SCHEDULE.tokens, "course")
    moments: list[Moment] = []
    with pytest.raises(Killed):
        trained(base, tmp_path, kill_at=len(course) - 2)
    model = model_of(base, (0, 2), dropout=0.1)
    fit(model, course, labels_loss(), SCHEDULE, DEVICE, tmp_path, "seed", moments.append, TRAINED)
    assert 1 <= len(moments) < len(course) / 2
    assert moments[-1].step == moments[-1].steps == len(course)


def test_training_learns_and_leaves_word_embeddings_alone(base: Path, tmp_path: Path) -> None:
    before = model_of(base, (0, 2))
    after = trained(base, tmp_path)
    batch = batch_of(*DOCUMENTS["slips"], *DOCUMENTS["deeds"])
    losses = [labels_loss()(batch, run_batch(model.eval(), batch, DEVICE)).total.item() for model in (before, after)]
    assert losses[1] < 0.5 * losses[0]
    words = [model.encoder.embeddings.word_embeddings.weight for model in (before, after)]
    assert torch.equal(*words)
