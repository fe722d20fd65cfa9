"""The models against the sizes that their sources give, and the promises of `Model`."""

from itertools import groupby

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.models import (
    IEMOCAP,
    SMALL,
    build,
    clean_digests,
    described,
    parameters,
    widths_of,
)
from helpers.noises import corruption
from helpers.training import evaluate, train
from sklearn.metrics import recall_score
from torch import nn, vmap
from torch.func import functional_call, stack_module_state

from robust_mer.conditions import conditions
from robust_mer.models.blocks import (
    InvarianceEncoder,
    RecurrentEncoder,
    TextCNN,
    TransformerLayer,
    central_moment_discrepancy,
)
from robust_mer.models.chance import Chance
from robust_mer.models.men.settings import MENOracleDropSettings
from robust_mer.models.model import Batch
from robust_mer.models.registry import MODELS, settings_class
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.settings import Plugin

# Those that a library fits at once have nothing to train.
NETWORKS = [name for name in MODELS if "epochs_constant" in settings_class(name).model_fields]


FROZEN = {"mplmm": (".crossmodal.", ".memory.", ".classifier.0.")}


def padded(widths=SMALL, batch=3, frames=9):
    torch.manual_seed(1)
    values = {m: torch.randn(batch, frames, d) for m, d in widths.items()}
    lengths = {m: torch.tensor([9, 4, 1]).repeat(batch // 3) for m in widths}
    for m in widths:
        for i, n in enumerate(lengths[m]):
            values[m][i, n:] = 0
    return values, lengths


def batch_of(values, lengths, target, targets):
    """Three samples of which each has one modality noisy, and three of which each has one clean."""
    one = torch.eye(3, len(values), dtype=torch.bool)
    is_clean = torch.cat([~one, one])[: len(target)]
    return Batch(values, lengths, target, targets, is_clean, values)


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
    assert len(nmer.vae_encoder) == 5
    assert (nmer.vae_encoder[0].heads, nmer.vae_encoder[0].project_out.in_features) == (16, 768)
    torchs = nn.TransformerEncoderLayer(768, 16, 768)
    assert parameters(nmer.vae_encoder) == 5 * parameters(torchs)


@pytest.mark.parametrize("count", [5, 1])
def test_transformer_layer_is_torchs(count):
    torch.manual_seed(0)
    ours = TransformerLayer(12, 3, 20, 0.5).eval()
    torchs = nn.TransformerEncoderLayer(12, 3, 20, batch_first=True).eval()
    names = {
        "project_in": "self_attn.in_proj_weight",
        "bias_in": "self_attn.in_proj_bias",
        "project_out": "self_attn.out_proj",
        "expand": "linear1",
        "shrink": "linear2",
        "norm_attention": "norm1",
        "norm_feed_forward": "norm2",
    }
    weights = {
        name.replace(own := name.split(".")[0], names[own]): value
        for name, value in ours.state_dict().items()
    }
    torchs.load_state_dict(weights)
    tokens = torch.randn(4, count, 12)
    torch.testing.assert_close(ours(tokens), torchs(tokens), rtol=1e-5, atol=1e-6)


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
    """Values and gradients, of one encoder and of three as one."""
    torch.manual_seed(0)
    encoders = [RecurrentEncoder(6) for _ in range(3)]
    frames = torch.randn(3, 5, 9, 6, requires_grad=True)
    lengths = torch.tensor([[9, 3, 1, 0, 9], [2, 2, 8, 1, 1], [0, 0, 0, 0, 1]])
    weigh = torch.randn(3, 5, 128)
    real = torch.arange(9) < lengths[..., None]
    expected = torch.stack([e.lstm(f)[0] for e, f in zip(encoders, frames, strict=True)])
    expected = expected.masked_fill(~real[..., None], -torch.inf).amax(dim=2)
    expected = torch.where(lengths[..., None] > 0, expected, 0.0)
    inputs = [frames, *(p for e in encoders for p in e.parameters())]
    gradients = torch.autograd.grad((expected * weigh).sum(), inputs)
    alone = torch.stack([e(f, n) for e, f, n in zip(encoders, frames, lengths, strict=True)])
    torch.testing.assert_close(alone, expected)
    of_alone = torch.autograd.grad((alone * weigh).sum(), inputs)
    weights, _ = stack_module_state(encoders)
    stacked = vmap(lambda *one: functional_call(encoders[0], one[0], one[1:]))(
        weights, frames, lengths
    )
    torch.testing.assert_close(stacked, expected)
    of_weights = torch.autograd.grad((stacked * weigh).sum(), [frames, *weights.values()])
    of_stacked = [of_weights[0], *(g[e] for e in range(3) for g in of_weights[1:])]
    for theirs, own, as_one in zip(gradients, of_alone, of_stacked, strict=True):
        torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(as_one, theirs, rtol=1e-4, atol=1e-5)


def test_recurrent_encoder_of_no_frames_at_all():
    encoder = RecurrentEncoder(6)
    encoded = encoder(torch.zeros(2, 0, 6), torch.tensor([0, 0]))
    assert not encoded.any()
    encoded.sum().backward()
    assert not encoder.lstm.weight_ih_l0.grad.any()


def test_text_cnn_as_products_is_the_convolution():
    torch.manual_seed(0)
    encoder = TextCNN(6).eval()
    frames, lengths = torch.randn(3, 7, 6), torch.tensor([7, 4, 2])
    convolved = encoder(frames, lengths)
    encoder.stacked = True
    torch.testing.assert_close(encoder(frames, lengths), convolved)


@pytest.mark.parametrize("name", NETWORKS)
def test_predictions_do_not_depend_on_batch_mates(name):
    model = build(name).eval()
    values, lengths = padded(widths_of(name))
    is_clean = torch.arange(3 * len(values)).view(3, -1) % 2 == 0
    with torch.no_grad():
        together = model.predict(model.encode_all(values, lengths), is_clean)
        alone = model.predict(
            model.encode_all(
                {m: v[1:2, :4] for m, v in values.items()}, {m: n[1:2] for m, n in lengths.items()}
            ),
            is_clean[1:2],
        )
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_learns(name):
    model = build(name).train()
    values, lengths = padded(widths_of(name), batch=6)
    targets = {}
    if settings_class(name).teacher:
        teacher = build(settings_class(name).teacher).eval()
        with torch.no_grad():
            of_zeros = teacher.encode_all({m: 0 * v for m, v in values.items()}, lengths)
            targets = teacher.teach(teacher.encode_all(values, lengths), of_zeros)
    batch = batch_of(values, lengths, torch.tensor([0, 1, 2, 3, 0, 1]), targets)
    if model.measures_data:
        frames = {m: torch.randn(30, value.shape[2]) for m, value in values.items()}
        model.measure(frames, dict.fromkeys(values, torch.full((6,), 5)), torch.arange(6) % 3)
    batch.clean_digests = clean_digests(model, values, lengths)
    # one pass may leave a unit silent under dropout and ReLU; several leave none out
    for draw in range(3):
        for site in (part for part in model.modules() if isinstance(part, Chance)):
            site.key.fill_(draw)
        sum(model.loss(batch).values()).backward()
    # frozen, measured before training, or taught by the SNR of noise, of which there is none here
    untaught = FROZEN.get(name, (".signal.", ".discriminant.", ".spread.", ".snr."))
    learns = dict(model.named_parameters())
    taught = [n for n in learns if not any(part in f".{n}" for part in untaught)]
    silent = [n for n in taught if learns[n].grad is None or not learns[n].grad.any()]
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
    parts = model.loss(batch_of(values, lengths, label, targets))
    mean, log_variance, invariant = model.posterior(model.encode_all(values, lengths))
    prior = torch.distributions.Normal(0, 1)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    z = mean + posterior.stddev * model.noise(mean)
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


@pytest.mark.parametrize("name", NETWORKS)
def test_every_encoder_is_a_sub_network(name):
    """A modality with large gradients must not take the other encoders' share of the norm."""
    model = build(name)
    parts = [model.sub_network(parameter) for parameter, _ in model.named_parameters()]
    encoders = {f"encoders.{modality}" for modality in widths_of(name)}
    assert encoders | {"classifier"} <= set(parts)
    together = [part for part, _ in groupby(parts)]
    assert len(together) == len(set(together)), "a part's parameters stand side by side"


LEAVING_OUT = [name for name in MODELS if settings_class(name).leaves_out_noisy]


@pytest.mark.parametrize("name", LEAVING_OUT)
def test_noise_of_a_modality_that_is_left_out_makes_no_difference(name):
    model = build(name).eval()
    widths = widths_of(name)
    random = torch.Generator().manual_seed(0)
    clean, noisy, noisier = (
        {m: torch.randn(4, 6, width, generator=random) for m, width in widths.items()}
        for _ in range(3)
    )
    lengths = {m: torch.tensor([6, 3, 1, 5]) for m in widths}
    with torch.no_grad():
        embeddings = [model.encode_all(one, lengths) for one in (clean, noisy, noisier)]
        for is_clean in conditions(list(widths)).values():
            mask = torch.tensor(is_clean).expand(4, -1)
            received = [
                {
                    m: embeddings[0 if keep else place][m]
                    for m, keep in zip(widths, is_clean, strict=True)
                }
                for place in (1, 2)
            ]
            one, other = (model.predict(each, mask) for each in received)
            assert torch.equal(one, other) or not any(is_clean)


CLEAN_FIRST, CLEAN_LAST = ["clean", "gaussian_-10dB"], ["gaussian_-10dB", "clean"]


@pytest.mark.parametrize("protocol", ["partial", "every"])
@pytest.mark.parametrize(
    "names", [["gaussian_-10dB", "impulse_-40dB"], CLEAN_FIRST, CLEAN_LAST], ids=" ".join
)
def test_validation_is_the_same_if_no_output_is_taken_from_another_corruption(
    corpus, tmp_path, monkeypatch, names, protocol
):
    histories = []
    for leaves_out in (True, False):
        monkeypatch.setattr(MENOracleDropSettings, "leaves_out_noisy", leaves_out)
        _, history = train(
            corpus,
            tmp_path / str(leaves_out),
            "men_oracle_drop",
            corruptions=list(map(corruption, names)),
            protocol=Plugin(PROTOCOLS[protocol], {}),
            model=described("men_oracle_drop", epochs_constant=2, epochs_falling=0),
        )
        histories.append(pd.read_csv(history).drop(columns="seconds"))
    pd.testing.assert_frame_equal(*histories, check_exact=True)


@pytest.mark.parametrize("names", [CLEAN_FIRST, CLEAN_LAST], ids=" ".join)
@pytest.mark.parametrize("name", ["men_oracle_drop", "men_augmented"])
def test_validation_is_that_of_the_predictions(corpus, tmp_path, name, names):
    """Pooled over the conditions of a corruption, averaged over corruptions."""
    checkpoint, history = train(
        corpus,
        tmp_path,
        name,
        corruptions=list(map(corruption, names)),
        protocol=Plugin(PROTOCOLS["every"], {}),
        model=described(name, epochs_constant=2, epochs_falling=0),
    )
    reached = []
    for one in names:
        rows = evaluate(corpus, tmp_path, checkpoint, one)
        rows = rows[rows["part"] == "validation"]
        reached.append(recall_score(rows["label"], rows["predicted"], average="macro"))
    epochs = pd.read_csv(history)
    assert epochs.loc[epochs["kept"], "validation_ua"].item() == pytest.approx(np.mean(reached))
