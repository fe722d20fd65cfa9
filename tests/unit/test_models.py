"""The models against the sizes that their sources give, and the promises of `Model`."""

import pytest
import torch

from robust_mer.models.blocks import (
    InvarianceEncoder,
    RecurrentEncoder,
    TextCNN,
    central_moment_discrepancy,
)
from robust_mer.models.model import Batch
from robust_mer.models.registry import MODELS
from robust_mer.settings import defaults, load

IEMOCAP = {"audio": 130, "video": 342, "text": 1024}
SMALL = {"audio": 7, "video": 5, "text": 11}


def build(name, widths=SMALL, **changes):
    torch.manual_seed(0)
    implementation = MODELS[name].implementation
    return load(implementation)({**defaults(implementation), **changes}, widths, 4)


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def padded(widths=SMALL, batch=3, frames=9):
    torch.manual_seed(1)
    values = {m: torch.randn(batch, frames, d) for m, d in widths.items()}
    lengths = {m: torch.tensor([9, 4, 1]) for m in widths}
    for m in widths:
        for i, n in enumerate(lengths[m]):
            values[m][i, n:] = 0
    return values, lengths


@pytest.mark.parametrize(
    ("module", "count"),
    [
        (RecurrentEncoder(130), 133_120),
        (RecurrentEncoder(342), 241_664),
        (TextCNN(1024), 1_622_528),
        (InvarianceEncoder(), 33_024),
    ],
)
def test_blocks_have_the_published_sizes(module, count):
    assert parameters(module) == count


def test_men_has_the_published_size():
    assert parameters(build("men", IEMOCAP)) == 2_063_620


def test_nmer_has_the_papers_classifier_and_encoder():
    nmer = build("nmer", IEMOCAP)
    assert parameters(nmer.classifier) == 197_636
    layer = nmer.vae_encoder.layers[0]
    assert len(nmer.vae_encoder.layers) == 5
    assert (layer.self_attn.num_heads, layer.self_attn.embed_dim) == (16, 768)


@pytest.mark.parametrize("encoder", [RecurrentEncoder(6), TextCNN(6).eval()])
def test_encoders_look_past_no_utterances_end(encoder):
    torch.manual_seed(0)
    lengths = torch.tensor([8, 3, 1, 0])
    frames = torch.randn(4, 8, 6) * (torch.arange(8) < lengths[:, None])[..., None]
    together = encoder(frames, lengths)
    longer = encoder(torch.cat([frames, torch.zeros(4, 30, 6)], dim=1), lengths)
    torch.testing.assert_close(together, longer)
    for row, length in enumerate(lengths[:3]):
        alone = encoder(frames[row : row + 1, :length], lengths[row : row + 1])
        torch.testing.assert_close(together[row], alone[0])
    assert not together[3].any(), "an utterance without frames becomes zeros"


def test_recurrent_encoder_is_the_maximum_over_an_lstms_real_frames():
    encoder = RecurrentEncoder(6)
    frames = torch.randn(1, 5, 6)
    states, _ = encoder.lstm(frames)
    torch.testing.assert_close(encoder(frames, torch.tensor([5])), states.amax(dim=1))


@pytest.mark.parametrize("name", MODELS)
def test_predictions_do_not_depend_on_batch_mates(name):
    model = build(name).eval()
    values, lengths = padded()
    with torch.no_grad():
        together = model(model.encode_all(values, lengths))
        alone = model(
            model.encode_all(
                {m: v[1:2, :4] for m, v in values.items()}, {m: n[1:2] for m, n in lengths.items()}
            )
        )
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_learns(name):
    model = build(name).train()
    values, lengths = padded()
    targets = {}
    if MODELS[name].teacher:
        teacher = build(MODELS[name].teacher).eval()
        with torch.no_grad():
            targets = teacher.teach(teacher.encode_all(values, lengths))
    batch = Batch(values, lengths, torch.tensor([0, 1, 2]), targets)
    # one pass may leave a unit silent under dropout and ReLU; several leave none out
    for _ in range(3):
        sum(model.loss(batch).values()).backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not silent


def test_nmer_starts_from_its_teacher():
    teacher, student = build("invariance_teacher"), build("nmer")
    with torch.no_grad():
        for parameter in teacher.parameters():
            parameter.add_(1)
    student.start_from(teacher)
    values, lengths = padded()
    teacher.eval(), student.eval()
    for modality in values:
        torch.testing.assert_close(
            student.encode(modality, values[modality], lengths[modality]),
            teacher.encode(modality, values[modality], lengths[modality]),
        )


def test_nmers_loss_is_the_papers():
    """Equations 6 and 7 and the balance 1, 10, 1, computed a second time by hand."""
    model = build("nmer", dropout=0.0).eval()
    values, lengths = padded()
    label = torch.tensor([0, 1, 2])
    targets = {"specific": torch.randn(3, 384), "invariant": torch.randn(3, 384)}
    torch.manual_seed(5)
    parts = model.loss(Batch(values, lengths, label, targets))
    torch.manual_seed(5)
    mean, log_variance, invariant = model.posterior(model.encode_all(values, lengths))
    prior = torch.distributions.Normal(0, 1)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    z = mean + posterior.stddev * torch.randn_like(mean)
    joint = model.decoder(torch.cat([z, invariant], 1))
    expected = {
        "kl": torch.distributions.kl_divergence(posterior, prior).mean(),
        "reconstruction": ((joint - targets["specific"]) ** 2).mean(),
        "invariant": 10 * ((invariant - targets["invariant"]) ** 2).mean(),
        "cross_entropy": -model.classifier(joint).log_softmax(1)[range(3), label].mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_cmd_is_zero_for_equal_and_grows_with_shift():
    torch.manual_seed(0)
    one = torch.rand(50, 8)
    assert central_moment_discrepancy([one, one.clone()]) == 0
    shifted = central_moment_discrepancy([one, one + 1])
    torch.testing.assert_close(shifted, torch.tensor(8.0).sqrt(), rtol=1e-4, atol=1e-4)
    # the mean over the pairs (0, 0), (0, 1), (0, 1)
    three = central_moment_discrepancy([one, one.clone(), one + 1])
    torch.testing.assert_close(three, shifted * 2 / 3, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_sub_networks_are_all_of_the_model_once(name):
    """A modality with large gradients must not take the other encoders' share of the norm."""
    model = build(name)
    parts = list(model.sub_networks())
    assert sum(map(parameters, parts)) == parameters(model)
    assert all(encoder in parts for encoder in model.encoders.values())
