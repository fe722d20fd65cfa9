"""CM-ARR and its flow against closed forms, loops and autograd, and what may reach what."""

import copy
import dataclasses
import math
from pathlib import Path

import pytest
import torch
from helpers.models import IEMOCAP, SMALL, parameters
from helpers.models import build as build_model
from helpers.plans import config_with, plan_of
from torch.autograd.functional import jacobian
from torch.nn import functional

from robust_mer.engine.nets import Nets
from robust_mer.models.chance import Chance
from robust_mer.models.cm_arr.flow import Flow
from robust_mer.models.cm_arr.losses import (
    alignment_loss,
    refinement_loss,
    squared_wasserstein,
)
from robust_mer.models.cm_arr.umc import UMC, Gaussian
from robust_mer.models.model import Batch
from robust_mer.models.settings import EMBEDDING

ROOT = Path(__file__).parents[2]
PARTIAL = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1) if 0 < i + j + k < 3]


def build(widths=SMALL, seed=0, **changes):
    return build_model("cm_arr", widths, seed, **changes)


def batch_of(is_clean, widths=SMALL, frames=6, seed=1, noise=3.0):
    """Utterances under given conditions, with fresh noise where they are noisy."""
    torch.manual_seed(seed)
    is_clean = torch.tensor(is_clean, dtype=torch.bool)
    size = len(is_clean)
    lengths = {m: torch.randint(1, frames + 1, (size,)) for m in widths}
    clean, received = {}, {}
    for place, (m, width) in enumerate(widths.items()):
        real = (torch.arange(frames) < lengths[m][:, None])[..., None]
        clean[m] = torch.randn(size, frames, width) * real
        noisy = clean[m] + noise * torch.randn(size, frames, width) * real
        received[m] = torch.where(is_clean[:, place, None, None], clean[m], noisy)
    return Batch(received, lengths, torch.randint(4, (size,)), {}, is_clean, clean)


def changed(frames, which):
    """Frames per modality, others where ``which`` [B, modalities] says so."""
    return {
        m: torch.where(which[:, place, None, None], values.flip(0) - 2, values)
        for place, (m, values) in enumerate(frames.items())
    }


def predict(model, batch):
    with torch.no_grad():
        return model.predict(model.encode_all(batch.received, batch.lengths), batch.is_clean)


def random_gaussian(size, width):
    return Gaussian(torch.randn(size, width), torch.rand(size, width) + 0.2)


def spread(flow, by):
    """A flow as after training: far from the identity it starts near."""
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return flow


# -- the flow ------------------------------------------------------------------------------------


@pytest.mark.parametrize("couplings", [8, 3])
def test_flow_inverts(couplings):
    torch.manual_seed(0)
    flow, x = spread(Flow(EMBEDDING, couplings), 0.05), 2 * torch.randn(50, EMBEDDING)
    z, _ = flow(x)
    torch.testing.assert_close(flow.inverse(z), x, rtol=0, atol=1e-4)
    torch.testing.assert_close(flow(flow.inverse(x))[0], x, rtol=0, atol=1e-4)


@pytest.mark.parametrize("couplings", [8, 3])
def test_flows_log_determinant_is_that_of_autograds_jacobian(couplings):
    torch.manual_seed(0)
    flow, x = spread(Flow(12, couplings).double(), 0.3), torch.randn(5, 12, dtype=torch.double)
    _, log_determinant = flow(x)
    for row, found in zip(x, log_determinant, strict=True):
        matrix = jacobian(lambda some: flow(some[None])[0][0], row)
        torch.testing.assert_close(found, torch.linalg.slogdet(matrix).logabsdet)


@pytest.mark.parametrize("couplings", [8, 2])
def test_flow_transforms_every_dimension_by_others(couplings):
    """A latent dimension that no coupling transforms would depend on one dimension only."""
    torch.manual_seed(0)
    flow = spread(Flow(EMBEDDING, couplings), 0.1)
    with torch.no_grad():
        for step in flow.steps:  # ActNorm transforms every dimension anyhow
            step.log_scale.zero_(), step.bias.zero_()
    matrix = jacobian(lambda x: flow(x[None])[0][0], torch.randn(EMBEDDING))
    assert ((matrix != 0).sum(dim=1) > EMBEDDING // 4).all()


def test_flows_likelihood_is_that_of_the_transformed_normal():
    """A flow that only scales and shifts is a normal distribution of another scale and mean."""
    flow, x = Flow(6, 8), torch.randn(5, 6)
    with torch.no_grad():
        for step in flow.steps:
            step.coupling[-1].weight.zero_()
        flow.steps[0].log_scale.fill_(0.7)
        flow.steps[0].bias.fill_(-0.4)
    normal = torch.distributions.Normal(0.4, math.exp(-0.7))
    torch.testing.assert_close(flow.negative_log_likelihood(x), -normal.log_prob(x).mean(dim=1))


# -- distances and losses ------------------------------------------------------------------------


def test_distance_is_the_closed_form_for_any_gaussians():
    """|mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2) with whole covariance matrices."""
    torch.manual_seed(0)
    one, other = random_gaussian(4, 5), random_gaussian(4, 5)
    found = squared_wasserstein(one, other)
    for i in range(4):
        for j in range(4):
            root = torch.diag(one.deviation[i])
            second = torch.diag(other.deviation[j] ** 2)
            values = torch.linalg.eigvalsh(root @ second @ root)
            spread = (root @ root + second).trace() - 2 * values.sqrt().sum()
            expected = (one.mean[i] - other.mean[j]).square().sum() + spread
            torch.testing.assert_close(found[i, j], expected, rtol=1e-4, atol=1e-4)


def test_distance_is_what_samples_estimate():
    """In one dimension the best transport pairs the sorted samples; dimensions add up."""
    torch.manual_seed(0)
    one, other = random_gaussian(1, 4), random_gaussian(1, 4)
    draws = [
        (g.mean + g.deviation * torch.randn(200_000, 4)).sort(dim=0).values for g in (one, other)
    ]
    estimate = (draws[0] - draws[1]).square().mean(dim=0).sum()
    torch.testing.assert_close(squared_wasserstein(one, other)[0, 0], estimate, rtol=0.02, atol=0)


@pytest.mark.parametrize("modalities", [2, 3, 4])
def test_alignment_is_the_loops(modalities):
    torch.manual_seed(0)
    size, width, tau = 5, 6, torch.tensor(0.3)
    gaussians = [random_gaussian(size, width) for _ in range(modalities)]
    pairs = []
    for i in range(modalities):
        for j in range(i):
            total = 0.0
            for a, b in ((gaussians[i], gaussians[j]), (gaussians[j], gaussians[i])):
                for n in range(size):
                    distance = [
                        sum((a.mean[n] - b.mean[k]) ** 2)
                        + sum((a.deviation[n] - b.deviation[k]) ** 2)
                        for k in range(size)
                    ]
                    shares = [torch.exp(-d / width / tau) for d in distance]
                    total -= torch.log(shares[n] / sum(shares)) / size
            pairs.append(total / 2)
    expected = sum(pairs) / len(pairs)
    torch.testing.assert_close(alignment_loss(gaussians, tau), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("modalities", [2, 3])
def test_refinement_is_the_loops(modalities):
    torch.manual_seed(0)
    points, label, tau = torch.randn(6, modalities, 5), torch.tensor([0, 1, 0, 2, 2, 2]), 0.4
    views = [(points[n, m], label[n].item()) for n in range(6) for m in range(modalities)]
    terms = []
    for i, (anchor, emotion) in enumerate(views):
        share = {
            k: math.exp(functional.cosine_similarity(anchor, view, dim=0) / tau)
            for k, (view, _) in enumerate(views)
            if k != i
        }
        positives = [k for k in share if views[k][1] == emotion]
        terms.append(
            -sum(math.log(share[k] / sum(share.values())) for k in positives) / len(positives)
        )
    found = refinement_loss(points, label, tau)
    assert found.item() == pytest.approx(sum(terms) / len(terms), rel=1e-4)


def test_losses_of_one_sample_are_finite():
    """An epoch's last batch may hold one."""
    parts = build().loss(batch_of([(1, 0, 0)]))
    assert all(part.isfinite() for part in parts.values())
    assert parts["alignment"] == 0


def test_loss_is_the_sum_that_the_docstring_says():
    """L = CE + alpha L_align + beta (L_flow + L_reconstruction) + lambda L_refine, by hand."""
    model = build(alpha=0.2, beta=0.3, **{"lambda": 0.4}).eval()
    batch = batch_of([(1, 1, 1), *PARTIAL])
    parts = model.loss(batch)
    gaussians = [model.umc[m](model.encode(m, v, batch.lengths[m])) for m, v in batch.clean.items()]
    flows = list(model.flows.values())
    likelihood, error, completed = [], [], []
    for n, known in enumerate(batch.is_clean.tolist()):
        points = [gaussian.mean[n : n + 1] for gaussian in gaussians]
        latents = [flow(x) for flow, x in zip(flows, points, strict=True)]
        for (z, log_determinant), x in zip(latents, points, strict=True):
            log_prior = torch.distributions.Normal(0, 1).log_prob(z).sum()
            likelihood.append((log_prior + log_determinant) / x.shape[1])
        latent = sum(z for (z, _), there in zip(latents, known, strict=True) if there) / sum(known)
        for place, there in enumerate(known):
            if not there:
                rebuilt = flows[place].inverse(latent)
                error.append((rebuilt - points[place]).square().mean())
                points[place] = rebuilt
        completed.append(torch.cat(points))
    completed = torch.stack(completed)
    logits = model.classifier(completed.flatten(1))
    expected = {
        "cross_entropy": functional.cross_entropy(logits, batch.target),
        "alignment": 0.2 * alignment_loss(gaussians, torch.tensor(0.07)),
        "flow": -0.3 * torch.cat(likelihood).mean(),
        "reconstruction": 0.3 * torch.stack(error).mean(),
        "refinement": 0.4 * refinement_loss(completed, batch.target, 0.07),
    }
    assert list(parts) == list(expected)
    for name, value in expected.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-4, atol=1e-5, msg=name)


def gradients(model, part):
    """Which sub-networks a part of the loss moves."""
    parameters = dict(model.named_parameters())
    found = torch.autograd.grad(
        part, list(parameters.values()), retain_graph=True, allow_unused=True
    )
    return {
        model.sub_network(name)
        for name, value in zip(parameters, found, strict=True)
        if value is not None and value.any()
    }


def test_what_each_loss_trains():
    """The likelihood trains flows alone, and targets of the reconstruction do not move."""
    model = build().eval()
    parts = model.loss(batch_of([(1, 0, 0)] * 4))
    flows = {f"flows.{m}" for m in SMALL}
    assert gradients(model, parts["flow"]) == flows
    assert gradients(model, parts["reconstruction"]) == flows | {"encoders.audio", "umc.audio"}
    aligned = {f"{part}.{m}" for part in ("encoders", "umc") for m in SMALL}
    assert gradients(model, parts["alignment"]) == aligned | {"log_temperature"}


# -- what may reach what -------------------------------------------------------------------------


@pytest.mark.parametrize("join", ["mean", "linear"])
def test_nothing_of_an_unavailable_modality_reaches_the_prediction(join):
    model, batch = build(join=join).eval(), batch_of(PARTIAL)
    before = predict(model, batch)
    hidden = dataclasses.replace(batch, received=changed(batch.received, ~batch.is_clean))
    assert torch.equal(predict(model, hidden), before)
    shown = dataclasses.replace(batch, received=changed(batch.received, batch.is_clean))
    assert (predict(model, shown) != before).any(dim=1).all()
    parts, as_hidden = model.loss(batch), model.loss(hidden)
    assert all(torch.equal(as_hidden[name], part) for name, part in parts.items())


def test_true_representations_are_targets_alone():
    """The clean version of what is missing moves neither what is classified nor what is refined."""
    model, batch = build().eval(), batch_of([(1, 1, 1), *PARTIAL])
    other = dataclasses.replace(batch, clean=changed(batch.clean, ~batch.is_clean))
    parts, as_other = model.loss(batch), model.loss(other)
    same = {name for name, part in parts.items() if torch.equal(as_other[name], part)}
    assert same == {"cross_entropy", "refinement"}


def test_where_nothing_is_available_the_received_counts_and_its_clean_version_does_not():
    model, batch = build().eval(), batch_of([(0, 0, 0)] * 4)
    before = predict(model, batch)
    embeddings = model.encode_all(batch.received, batch.lengths)
    torch.testing.assert_close(before, model(embeddings))
    for place in range(3):
        one = (torch.arange(3) == place).expand(4, 3)
        moved = dataclasses.replace(batch, received=changed(batch.received, one))
        assert (predict(model, moved) != before).any(dim=1).all()
    other = dataclasses.replace(batch, clean=changed(batch.clean, ~batch.is_clean))
    parts, as_other = model.loss(batch), model.loss(other)
    assert all(torch.equal(as_other[name], part) for name, part in parts.items())
    assert parts["reconstruction"] == 0


def test_where_all_is_available_nothing_is_rebuilt():
    model, batch = build().eval(), batch_of([(1, 1, 1)] * 4)
    before = predict(model, batch)
    torch.testing.assert_close(before, model(model.encode_all(batch.received, batch.lengths)))
    spread(model.flows, 0.1)
    assert torch.equal(predict(model, batch), before)
    assert model.loss(batch)["reconstruction"] == 0


@pytest.mark.parametrize("join", ["mean", "linear"])
def test_predictions_do_not_depend_on_batch_mates(join):
    model, batch = build(join=join).eval(), batch_of([(0, 0, 0), (1, 1, 1), *PARTIAL])
    together = predict(model, batch)
    for row in range(len(together)):
        own = slice(row, row + 1)
        alone = Batch(
            {m: v[own, : batch.lengths[m][row]] for m, v in batch.received.items()},
            {m: n[own] for m, n in batch.lengths.items()},
            batch.target[own],
            {},
            batch.is_clean[own],
            {},
        )
        torch.testing.assert_close(predict(model, alone)[0], together[row], rtol=1e-4, atol=1e-5)


# -- the whole model -----------------------------------------------------------------------------


def test_sizes():
    feed_forward = 2 * 128 + (128 + 1) * 512 + (512 + 1) * 128
    umc = (128 + 1) * 128 + 2 * 128 + 2 * (128 + 1) * 128 + 2 * feed_forward
    step = 2 * 128 + (64 + 1) * 128 + (128 + 1) * 128
    assert parameters(UMC(EMBEDDING)) == umc
    assert parameters(Flow(EMBEDDING, 8)) == 8 * step
    encoders = 133_120 + 241_664 + 1_622_528
    total = encoders + 3 * (umc + 8 * step) + 66_308 + 1
    assert parameters(build(IEMOCAP)) == total
    assert parameters(build(IEMOCAP, join="linear")) == total + (384 + 1) * 128


def overfit(widths, is_clean, **changes):
    """Share of the samples, under fixed conditions, that a model learns; its flows still invert."""
    model, batch = build(widths, **changes).train(), batch_of(is_clean, widths)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(80):
        for site, part in enumerate(p for p in model.modules() if isinstance(p, Chance)):
            part.key = torch.tensor([step, site], dtype=torch.int32)
        optimiser.zero_grad()
        sum(model.loss(batch).values()).backward()
        optimiser.step()
        if step % 10 == 9:
            learnt = predict(model.eval(), batch).argmax(dim=1) == batch.target
            if learnt.all():
                break
            model.train()
    model.eval()
    embeddings = model.encode_all(batch.received, batch.lengths)
    for modality, flow in model.flows.items():
        x = model.umc[modality](embeddings[modality]).mean
        torch.testing.assert_close(flow.inverse(flow(x)[0]), x, rtol=0, atol=1e-4)
    return learnt.float().mean()


@pytest.mark.parametrize("join", ["mean", "linear"])
def test_overfits_16_samples(join):
    conditions = [(1, 1, 1), (0, 0, 0), *PARTIAL]
    assert overfit(SMALL, 2 * conditions, join=join) == 1


@pytest.mark.parametrize("modalities", [("audio", "text"), ("video", "audio")])
def test_two_modalities_do(modalities):
    widths = {m: SMALL[m] for m in modalities}
    assert overfit(widths, 2 * [(1, 1), (0, 0), (0, 1), (1, 0)]) == 1
    model, batch = build(widths).eval(), batch_of([(0, 1), (1, 0)], widths)
    hidden = dataclasses.replace(batch, received=changed(batch.received, ~batch.is_clean))
    assert torch.equal(predict(model, hidden), predict(model, batch))


@pytest.mark.parametrize("join", ["mean", "linear"])
def test_a_model_is_the_same_alone_and_in_a_stack(join):
    models = [build(seed=seed, join=join) for seed in range(3)]
    nets = Nets(models, torch.device("cpu"))
    batches = [batch_of([(0, 0, 0), (1, 1, 1), *PARTIAL], seed=seed) for seed in range(3)]
    keys = torch.randint(-(1 << 31), 1 << 31, (3, nets.sites, 2), dtype=torch.int32)

    def stack(name):
        values = [getattr(batch, name) for batch in batches]
        if isinstance(values[0], dict):
            return {m: torch.stack([v[m] for v in values]) for m in values[0]}
        return torch.stack(values)

    together = Batch(*(stack(field.name) for field in dataclasses.fields(Batch)))
    parts = nets.backward([0, 1, 2], together, keys, clip_norm=1.0)
    embeddings = {
        m: nets.of_frames("encode", m, v, together.lengths[m]) for m, v in together.received.items()
    }
    logits = nets.predict(embeddings, together.is_clean)
    for place, (model, batch) in enumerate(zip(models, batches, strict=True)):
        torch.testing.assert_close(
            logits[place], predict(model.eval(), batch), rtol=1e-4, atol=1e-5
        )
        alone = Nets([copy.deepcopy(model)], torch.device("cpu"))
        own = Batch(*(_part(getattr(together, f.name), place) for f in dataclasses.fields(Batch)))
        of_own = alone.backward([0], own, keys[place : place + 1], clip_norm=1.0)
        for name, part in of_own.items():
            torch.testing.assert_close(parts[name][place], part[0], rtol=1e-4, atol=1e-5, msg=name)
        torch.testing.assert_close(nets.gradient[place], alone.gradient[0], rtol=1e-3, atol=1e-5)


def _part(values, place):
    if isinstance(values, dict):
        return {name: value[place : place + 1] for name, value in values.items()}
    return values[place : place + 1]


# -- the sweep of its weights ---------------------------------------------------------------------


def test_sweep_changes_one_weight_at_a_time(tmp_path):
    config = plan_of(config_with("composite", "cm_arr_weights", root=tmp_path))
    assert list(config.grid.experiments) == ["cm_arr_weights"]
    base, *others = config.grid.experiments["cm_arr_weights"].models
    settings = config.models[base].settings
    seen = {name: {settings[name]} for name in ("alpha", "beta", "lambda")}
    for model in others:
        assert config.models[model].facts.is_mask_aware
        differences = set(config.models[model].settings.items()) - set(settings.items())
        [(weight, value)] = differences
        assert model == f"cm_arr_{weight}{value:g}"
        seen[weight].add(value)
    assert len(others) == 12
    assert all(len(values) == 5 for values in seen.values())
