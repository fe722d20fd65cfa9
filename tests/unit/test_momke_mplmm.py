"""MoMKE and MPLMM: sizes of their published code, hand-worked passes, and what may reach what."""

import pytest
import torch
from helpers.models import IEMOCAP, SIZES, SMALL, build, parameters
from helpers.stacks import described, train
from safetensors.torch import load_file

from robust_mer.errors import InputError
from robust_mer.models.model import Batch
from robust_mer.models.momke.experts import ExpertLayer, mean_token
from robust_mer.models.mplmm.transformer import CrossmodalTransformer

CONDITIONS = [[i, j, k] for i in (1, 0) for j in (1, 0) for k in (1, 0)]  # the last has none
FROZEN = ("model.crossmodal.", "model.memory.", "model.classifier.0.")
STUDENTS = {"momke": "momke_experts", "mplmm": "mplmm_backbone"}


def batch_of(conditions, frames=7):
    torch.manual_seed(1)
    size = len(conditions)
    lengths = {m: torch.arange(size) % frames + 1 for m in SMALL}
    received = {
        m: torch.randn(size, frames, width)
        * (torch.arange(frames) < lengths[m][:, None])[..., None]
        for m, width in SMALL.items()
    }
    is_clean = torch.tensor(conditions, dtype=torch.bool)
    return Batch(received, lengths, torch.arange(size) % 4, {}, is_clean, {})


def predict(model, batch):
    with torch.no_grad():
        return model.predict(model.encode_all(batch.received, batch.lengths), batch.is_clean)


def test_sizes_are_those_of_the_published_code():
    """Counted in it with IEMOCAP's widths; MPLMM with 20 frames of every modality."""
    momke, experts = build("momke", IEMOCAP), build("momke_experts", IEMOCAP)
    assert parameters(momke) + parameters(experts.classifier) == 5_127_705
    assert parameters(build("mplmm", IEMOCAP)) == 1_214_764


@pytest.mark.parametrize("name", STUDENTS)
def test_nothing_of_an_unavailable_modality_reaches_the_prediction(name):
    """Where none is available, all count as received."""
    model, batch = build(name).eval(), batch_of(CONDITIONS)
    before = predict(model, batch)
    for place, frames in enumerate(batch.received.values()):
        frames[~batch.is_clean[:, place]] += 3
    after = predict(model, batch)
    torch.testing.assert_close(after[:-1], before[:-1], rtol=0, atol=0)
    assert not torch.allclose(after[-1], before[-1])
    some = batch_of(CONDITIONS[:-1])
    for frames in some.received.values():
        frames *= 2
    assert (predict(model, some) != before[:-1]).any(dim=1).all()


@pytest.mark.parametrize("name", STUDENTS)
def test_they_learn_what_separates_the_classes(name):
    """A mean that depends on the class, in whatever modality is available."""
    model, batch = build(name).eval(), batch_of(2 * CONDITIONS[:-1])
    for frames in batch.received.values():
        frames += 3 * torch.eye(4, frames.shape[2])[batch.target][:, None]
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        optimiser.zero_grad()
        (loss,) = model.loss(batch).values()
        loss.backward()
        optimiser.step()
    assert (predict(model, batch).argmax(dim=1) == batch.target).all()


@pytest.mark.parametrize(("name", "teacher"), STUDENTS.items())
def test_students_are_the_same_alone_and_as_one(folds, tmp_path, name, teacher):
    keys = [(1, 1), (2, 1)]
    sizes = SIZES[name] | {"epochs_constant": 1, "epochs_falling": 0}
    of_teacher = described(teacher, **SIZES[teacher] | {"epochs_constant": 1, "epochs_falling": 0})
    teachers = train(
        folds, tmp_path / "teacher", teacher, keys, trained_on="clean", model=of_teacher
    )
    options = {"model": described(name, **sizes), "teachers": teachers}
    alone, stacked = (
        train(folds, tmp_path / str(width), name, keys, max_replicas=width, **options)
        for width in (1, 2)
    )
    for key in keys:
        one, other, taught = (load_file(files[key]) for files in (alone, stacked, teachers))
        for part, values in one.items():
            torch.testing.assert_close(other[part], values, rtol=1e-2, atol=1e-4, msg=part)
        frozen = [n for n in one if n.startswith(FROZEN)]
        assert name != "mplmm" or (
            frozen and all(torch.equal(one[part], taught[part]) for part in frozen)
        )


# -- MoMKE ----------------------------------------------------------------------------------------


def test_an_experts_layer_by_hand():
    """Equal weights over the real tokens; then their mean goes through the MLP."""
    layer = ExpertLayer(2, 1, 0.5).eval()
    with torch.no_grad():
        for part in (layer.query, layer.key):
            part.weight.zero_(), part.bias.zero_()
        layer.value.weight.copy_(torch.eye(2)), layer.value.bias.zero_()
        layer.mlp[0].weight.copy_(torch.eye(2)), layer.mlp[0].bias.zero_()
        layer.mlp[3].weight.copy_(10 * torch.eye(2)), layer.mlp[3].bias.zero_()
    tokens = torch.tensor([[[1.0, 0.0], [3.0, -2.0], [9.0, 9.0]]])
    real = torch.tensor([[True, True, False]])
    mean = torch.tensor([2.0, -1.0])
    expected = tokens + mean + 10 * torch.nn.functional.gelu(mean)
    torch.testing.assert_close(layer(tokens, real), expected)
    torch.testing.assert_close(mean_token(tokens, real), mean[None])
    assert not mean_token(tokens, real & False).any()


def test_routers_share_a_token_among_all_experts():
    """A router that trusts one expert gives what this expert makes of the modality."""
    model, batch = build("momke").eval(), batch_of(CONDITIONS)
    inputs = batch.received["video"], batch.lengths["video"]
    tokens, real = model.tokens("video", *inputs)
    shares = model.shares("video", tokens)
    torch.testing.assert_close(shares.sum(dim=2), torch.ones(shares.shape[:2]))
    assert shares.std() > 0
    with torch.no_grad():
        model.routers["video"][3].weight.zero_()
        model.routers["video"][3].bias.copy_(torch.tensor([-50.0, -50.0, 50.0]))
        expected = mean_token(model.experts["text"](tokens, real), real)
        torch.testing.assert_close(model.encode("video", *inputs), expected)


def test_experts_answer_alone_and_their_student_starts_from_them():
    teacher, student, batch = (
        build("momke_experts").eval(),
        build("momke", seed=1),
        batch_of(CONDITIONS),
    )
    answers = teacher.classifier(teacher.encode_all(batch.received, batch.lengths))
    answers["audio"].sum().backward()
    assert all(p.grad is None for p in teacher.experts["text"].parameters())
    student.start_from(teacher)
    tokens = [
        model.eval().tokens("audio", batch.received["audio"], batch.lengths["audio"])
        for model in (teacher, student)
    ]
    embedded = [
        model.experts["audio"](*some)
        for model, some in zip((teacher, student), tokens, strict=True)
    ]
    torch.testing.assert_close(*embedded)


# -- MPLMM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_chooses_its_prompts(condition):
    """Gradients say which prompts and generators took part, and that the backbone is frozen."""
    model, batch = build("mplmm"), batch_of([condition])
    sum(model.loss(batch).values()).backward()
    available = [m for m, kept in zip(SMALL, condition, strict=True) if kept] or list(SMALL)
    for modality in SMALL:
        is_missing = modality not in available
        used = model.signal[modality].grad.flatten(1).any(dim=1).tolist()
        assert used == [is_missing, not is_missing]
        prompt = model.generative[modality].grad
        assert (prompt is not None and prompt.any()) == is_missing
        generators = {name for name, g in model.generators[modality].items() if g.weight.grad.any()}
        assert generators == ({"_".join(available)} if is_missing else set())
        assert model.missing_type[modality].grad.any()
    for part in (model.crossmodal, model.memory, model.classifier[0]):
        assert all(p.grad is None for p in part.parameters())
    assert all(p.grad.any() for p in model.classifier[1].parameters())


def test_type_prompts_by_hand():
    model = build("mplmm", width=2, heads=1, segments=1, prompt_length=1)
    signals = {m: torch.tensor([[[1.0, place]]]) for place, m in enumerate(SMALL)}
    with torch.no_grad():
        for place, m in enumerate(SMALL):
            model.type_maps[m].copy_(torch.tensor([[1.0, 0, 0, 10**place]]))
            model.missing_type[m].copy_(torch.tensor([[place, 1.0]]))
    # the sum over modalities of [1, place]^T [1, 0, 0, 10^place]
    of_type = torch.tensor([[3.0, 0, 0, 111.0], [3.0, 0, 0, 210.0]])
    for place, prompt in enumerate(model.type_prompts(signals).values()):
        torch.testing.assert_close(prompt, (place * of_type[0] + of_type[1])[None, None])


def test_a_token_attends_to_no_later_one():
    torch.manual_seed(0)
    transformer = CrossmodalTransformer(4, 2, 2, 0.1, 0.1).eval()
    tokens, others = torch.randn(3, 5, 4), torch.randn(3, 5, 4)
    before = transformer(tokens, others)
    others[:, 3] = torch.randn(4)
    after = transformer(tokens, others)
    torch.testing.assert_close(after[:, :3], before[:, :3])
    assert (after[:, 3:] != before[:, 3:]).any(dim=2).all()
    tokens[:, 3] = 0
    torch.testing.assert_close(transformer(tokens)[:, :3], transformer(tokens[:, :3]))


def test_one_modality_is_an_error():
    with pytest.raises(InputError, match="two or more modalities"):
        build("mplmm", {"audio": 5})
