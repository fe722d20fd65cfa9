"""What reaches a block's output in training: the input, or the draws of its dropout."""

import logging

import pandas as pd
import pytest
import torch
from helpers.models import SMALL, build, clean_digests, widths_of
from helpers.training import model, train
from torch import nn

from robust_mer.models.blocks import initialise
from robust_mer.models.chance import Dropout, drawing
from robust_mer.models.model import Batch
from robust_mer.models.registry import MODELS, settings_class

NETWORKS = [name for name in MODELS if "epochs_constant" in settings_class(name).model_fields]
UTTERANCES = 512

# A block must pass on more signal than noise: a share of at least a half. Exempt are the blocks of
# the MMIN family's published code, which are known to train: the lexical encoder with one layer of
# dropout 0.5 passes on .13 to .16, a classifier with two .11 to .32.
LOWEST_SIGNAL = 0.5
# Dropout of .6 by itself keeps .4 of the signal. MoMKE's code drops a router's output too.
PUBLISHED = {"encoders": 0.1, "classifier": 0.1, "routers": 0.1, "drop_units": 0.37}


def signal(block, *inputs):
    """Share of the output's variance in training mode on which two draws of dropout agree."""
    outputs = []
    for draw in (1, 2):
        with torch.no_grad(), drawing(block.eval(), draw):
            output = block(*inputs)
            outputs.append(output.flatten(1).double())
    one, other = (output - output.mean(dim=0) for output in outputs)
    noise = (outputs[0] - outputs[1]).square().mean() / 2
    agreed = (one * other).mean()
    return float(agreed / (agreed + noise))


def batch_of(name):
    torch.manual_seed(1)
    values = {m: torch.randn(UTTERANCES, 9, d) for m, d in widths_of(name).items()}
    lengths = {m: torch.full((UTTERANCES,), 9) for m in values}
    targets = {
        target: torch.randn(UTTERANCES, 128 * len(values))
        for target in ("specific", "invariant", "of_zeros")
    }
    is_clean = torch.rand(UTTERANCES, len(values)) < 0.5
    return Batch(values, lengths, torch.arange(UTTERANCES) % 4, targets, is_clean, values)


def blocks(network):
    """The parts of a model, those of lists and dictionaries one by one."""
    for name, part in network.named_children():
        if isinstance(part, (nn.ModuleDict, nn.ModuleList)):
            yield from ((f"{name}.{inner}", one) for inner, one in part.named_children())
        else:
            yield name, part


def is_real(value):
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def inputs_of_blocks(network, batch):
    """What each block with dropout receives, with standard normal numbers in place of values.

    What a block makes of its input must not depend on the blocks before it.
    """
    received = {}
    hooks = [
        block.register_forward_pre_hook(
            lambda _, inputs, name=name: received.update({name: inputs})
        )
        for name, block in blocks(network)
        if any(isinstance(part, Dropout) for part in block.modules())
    ]
    batch.clean_digests = clean_digests(network, batch.clean, batch.lengths)
    with torch.no_grad():
        network.eval().loss(batch)
    for hook in hooks:
        hook.remove()
    torch.manual_seed(2)
    return {
        name: [torch.randn_like(one) if is_real(one) else one for one in inputs]
        for name, inputs in received.items()
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_no_block_drowns_its_input(name):
    network = build(name)
    inputs = inputs_of_blocks(network, batch_of(name))
    drops = any(isinstance(part, Dropout) for part in network.classifier.modules())
    assert ("classifier" in inputs) == drops
    shares = {
        part: signal(block, *inputs[part]) for part, block in blocks(network) if part in inputs
    }
    drowned = {
        part: share
        for part, share in shares.items()
        if share < PUBLISHED.get(part.partition(".")[0], LOWEST_SIGNAL)
    }
    assert not drowned


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_kaimings_weights_or_dropout_of_a_half_drown_a_transformers_input(rate):
    """What NMER had before: five layers with both."""
    network = build("nmer", dropout_transformer=rate)
    inputs = inputs_of_blocks(network, batch_of("nmer"))
    if rate < 0.5:
        assert signal(network.vae_encoder, *inputs["vae_encoder"]) > LOWEST_SIGNAL
        initialise(network.vae_encoder)
    assert signal(network.vae_encoder, *inputs["vae_encoder"]) < LOWEST_SIGNAL / 2


# -- NMER's health --------------------------------------------------------------------------------


def embeddings(utterances=100):
    torch.manual_seed(3)
    return {modality: torch.randn(utterances, 128) for modality in SMALL}


def health(network):
    with torch.no_grad():
        return {name: value.item() for name, value in network.eval().health(embeddings()).items()}


def test_health_tells_signal_from_dropout():
    assert health(build("nmer", dropout_transformer=0.0))["latent_signal"] == pytest.approx(1)
    assert health(build("nmer"))["latent_signal"] > 0.5
    assert health(build("nmer", dropout_transformer=0.9))["latent_signal"] < 0.05


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "lower weight_kl"),
        ({"kl": "none"}, "no KL"),
        ({"weight_kl": 0.0}, "no KL"),
        ({"dropout_transformer": 0.9}, "lower dropout_transformer"),
    ],
)
def test_health_sees_a_latent_that_the_decoder_ignores(changes, reason):
    network = build("nmer", **changes)
    assert network.diagnose(health(network)) is None
    with torch.no_grad():
        network.decoder[0].weight[:, : network.settings.latent] = 0
    figures = health(network)
    assert figures["latent_share"] == 0
    assert reason in network.diagnose(figures)


def test_health_counts_nats_and_units():
    network = build("nmer", dropout_transformer=0.0)
    with torch.no_grad():
        network.mean.weight.zero_()
        network.mean.bias[:2] = 2
    figures = health(network)
    assert (figures["active_latent_units"], figures["latent_share"]) == (0, 0)
    assert figures["latent_kl"] == pytest.approx(4)


def test_health_leaves_a_model_as_it_was():
    network = build("nmer")
    before = {name: value.clone() for name, value in network.named_buffers()}
    with_draws = network.eval()(embeddings())
    health(network)
    assert not any(part.training for part in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())
    assert torch.equal(network(embeddings()), with_draws)


def test_training_warns_of_a_latent_that_carries_nothing_from_the_fifth_epoch_on(
    corpus, tmp_path, caplog
):
    brief = model("invariance_teacher", epochs_constant=1, epochs_falling=0)
    teacher, _ = train(corpus, tmp_path, "invariance_teacher", model=brief)
    settings = {"dropout_transformer": 0.9, "weight_kl": 1e4, "epochs_constant": 6}
    settings |= {"epochs_falling": 0}
    with caplog.at_level(logging.WARNING):
        _, history = train(
            corpus,
            tmp_path,
            "nmer",
            "gaussian_-10dB",
            teacher,
            model=model("nmer", **settings),
        )
    warnings = [r.getMessage() for r in caplog.records if "z carries nothing" in r.getMessage()]
    assert len(warnings) == 1, "a replica is warned of once"
    assert int(warnings[0].partition("epoch ")[2].partition(":")[0]) >= 5
    assert "lower dropout_transformer" in warnings[0]
    columns = {"latent_signal", "latent_share", "active_latent_units", "latent_kl"}
    assert columns <= set(pd.read_csv(history))


def test_settings_of_nmer_name_each_dropout():
    network = build("nmer", dropout=0.4, dropout_encoder=0.3, dropout_transformer=0.2)
    rates = {
        part: {site.probability for site in block.modules() if isinstance(site, Dropout)}
        for part, block in blocks(network)
    }
    assert rates["classifier"] == {0.4}
    assert rates["encoders.text"] == {0.3}
    assert rates["vae_encoder"] == {0.2}
    ablation = build("nmer_without_vae", dropout_encoder=0.3).encoders["text"]
    assert ablation.dropout.probability == 0.3


@pytest.mark.parametrize("name", ["nmer_without_vae", "nmer_without_invariance"])
def test_an_ablation_differs_from_nmer_by_what_it_leaves_out_alone(name):
    whole, ablation = settings_class("nmer")().model_dump(), settings_class(name)().model_dump()
    shared = whole.keys() & ablation.keys()
    assert {"dropout", "dropout_encoder", "epochs_constant", "learning_rate"} <= shared
    assert all(whole[key] == ablation[key] for key in shared)
    sizes = [
        [layer.out_features for layer in build(one).classifier if isinstance(layer, nn.Linear)]
        for one in ("nmer", name)
    ]
    assert sizes[0] == sizes[1]
