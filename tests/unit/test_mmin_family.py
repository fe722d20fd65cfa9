"""The MMIN family and its baselines against their sources: sizes, passes, losses, data flow.

What a model should compute is written here a second time, in plain PyTorch, from its sources; in
double precision, because MMIN's cascade starts with outputs thousands of times its input.
"""

import numpy as np
import pytest
import torch
from helpers.models import IEMOCAP, SMALL, TASK, build, inputs_of, parameters, widths_of
from helpers.stacks import KEYS, described, train
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from robust_mer.conditions import conditions
from robust_mer.corruption.missing import Missing
from robust_mer.data import Normaliser
from robust_mer.engine.corruption import (
    NO_CORRUPTION,
    CorruptionOfFold,
    CorruptionOfModality,
    evaluation_frames,
)
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, combine, embed
from robust_mer.errors import InputError
from robust_mer.models.blocks import ResidualAutoencoder
from robust_mer.models.chance import Chance, Dropout
from robust_mer.models.model import Batch
from robust_mer.models.registry import implementation, settings_class
from robust_mer.settings import load
from robust_mer.training.optimiser import Optimiser

SHALLOW = {"layers": 2, "feed_forward": 64}
CASES = [
    ("unimodal", {}),
    ("men", {}),
    ("men_augmented", {}),
    ("men_oracle_drop", {}),
    ("mmin", {}),
    ("if_mmin", {}),
    ("invariance_teacher", {}),
    ("nmer", SHALLOW),
    ("nmer", {**SHALLOW, "tokens": "features"}),
    ("nmer", {"layers": 2, "variant": "released"}),
    ("nmer_without_vae", {}),
    ("nmer_without_invariance", SHALLOW),
]
STUDENTS = [(name, changes) for name, changes in CASES if settings_class(name).teacher]
IDS = [" ".join([name, *map(str, changes.values())]) for name, changes in CASES]
STUDENT_IDS = [
    id_ for id_, (name, _) in zip(IDS, CASES, strict=True) if settings_class(name).teacher
]
every_case = pytest.mark.parametrize(("name", "changes"), CASES, ids=IDS)
every_student = pytest.mark.parametrize(("name", "changes"), STUDENTS, ids=STUDENT_IDS)


def model_of(name, changes):
    """A model in double precision, in eval mode, none of whose weights is zero."""
    model = build(name, **changes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return model.double().eval()


def frames_of(name, batch=6, frames=9, seed=1):
    torch.manual_seed(seed)
    widths = widths_of(name)
    values = {m: torch.randn(batch, frames, d, dtype=torch.double) for m, d in widths.items()}
    return values, {m: torch.full((batch,), frames) for m in widths}


def batch_of(name, seed=1, size=6):
    """Utterances under different conditions, with made-up targets."""
    values, lengths = frames_of(name, size, seed=seed)
    drawn = list(conditions(list(values)).values())
    is_clean = torch.tensor([drawn[row % len(drawn)] for row in range(size)])
    targets = {
        target: torch.randn(size, 128 * len(values), dtype=torch.double)
        for target in ("specific", "invariant", "of_zeros")
    }
    return Batch(values, lengths, torch.arange(size) % 4, targets, is_clean, {})


# -- sizes ---------------------------------------------------------------------------------------


def test_the_residual_autoencoder_has_the_published_size():
    assert parameters(ResidualAutoencoder(384)) == 1_694_400
    assert ResidualAutoencoder.LATENT == 320


@pytest.mark.parametrize(
    ("name", "changes", "whole", "of_classifier"),
    [
        ("men", {}, 2_063_620, 66_308),
        ("men_augmented", {}, 2_063_620, 66_308),
        ("men_oracle_drop", {}, 2_063_620, 66_308),
        ("mmin", {}, 5_444_228, 58_116),
        # encoders, invariance encoder, one residual autoencoder, classifier
        ("if_mmin", {}, 1_997_312 + 33_024 + 1_694_400 + 58_116, 58_116),
        ("nmer", {}, None, 197_636),
        ("nmer", {"tokens": "features"}, None, 197_636),
        ("nmer", {"variant": "released"}, None, 66_308),
        ("nmer_without_invariance", {}, None, 197_636),
        # 768 -> 384 -> 128 -> 4
        ("nmer_without_vae", {}, 1_997_312 + 33_024 + 345_092, 345_092),
    ],
)
def test_models_have_the_published_sizes(name, changes, whole, of_classifier):
    model = build(name, IEMOCAP, **changes)
    assert parameters(model.classifier) == of_classifier
    assert whole in (None, parameters(model))


def test_nmers_transformer_is_as_wide_as_its_tokens():
    of_paper, of_features = build("nmer", IEMOCAP), build("nmer", IEMOCAP, tokens="features")
    released = build("nmer", IEMOCAP, variant="released").vae_encoder[0]
    for model, width in ((of_paper, 768), (of_features, 128)):
        layer = nn.TransformerEncoderLayer(width, 16, 768)
        assert parameters(model.vae_encoder) == 5 * parameters(layer)
    assert (released.heads, released.expand.out_features) == (8, 128)
    assert of_features.mean.in_features == 768, "all tokens go on"


def test_unimodal_is_men_of_one_modality():
    assert parameters(build("unimodal", {"video": 342})) == 241_664 + 2 * 16_512 + 516
    for widths in (SMALL, {"audio": 7, "text": 5}):
        with pytest.raises(InputError, match="one modality"):
            build("unimodal", widths)


# -- forward passes ------------------------------------------------------------------------------


def linear(state, name, values):
    return functional.linear(values, state[f"{name}.weight"], state[f"{name}.bias"])


def layers(state, name, places, activation, values):
    """Linear layers at some places of a sequence, with an activation behind all but the last."""
    for place in places[:-1]:
        values = activation(linear(state, f"{name}.{place}", values))
    return linear(state, f"{name}.{places[-1]}", values)


def plain_embeddings(state, frames):
    """LSTM or convolutions, maximum over time; no padding."""
    found = {}
    for modality, values in frames.items():
        name = f"encoders.{modality}"
        if modality == "text":
            pooled = [
                functional.conv1d(
                    values.mT,
                    state[f"{name}.convolutions.{k}.weight"],
                    state[f"{name}.convolutions.{k}.bias"],
                )
                .relu()
                .amax(dim=2)
                for k in range(3)
            ]
            found[modality] = linear(state, f"{name}.last", torch.cat(pooled, dim=1)).relu()
        else:
            lstm = nn.LSTM(values.shape[2], 128, batch_first=True).double()
            own = {key: state[f"{name}.lstm.{key}"] for key, _ in lstm.named_parameters()}
            found[modality] = torch.func.functional_call(lstm, own, values)[0].amax(dim=1)
    return found


def plain_invariant(state, embeddings):
    found = []
    for embedding in embeddings.values():
        hidden = functional.leaky_relu(linear(state, "invariance.layers.0", embedding), 0.01)
        found.append(functional.leaky_relu(linear(state, "invariance.layers.2", hidden), 0.01))
    return torch.cat(found, dim=1)


def plain_block(state, name, block, values):
    """Code and output of an autoencoder."""
    code = layers(state, f"{name}.encoders.{block}", [0, 2, 4], functional.leaky_relu, values)
    return code, layers(state, f"{name}.decoders.{block}", [0, 2, 4], torch.relu, code)


def plain_mmin(state, embedding, name="imagination"):
    """x_in accumulates the outputs; the last input and the last output go out."""
    x_in, x_out, codes = embedding, torch.zeros_like(embedding), []
    for block in range(5):
        x_in = x_in + x_out
        code, x_out = plain_block(state, name, block, x_in)
        codes.append(code)
    imagined = layers(state, f"{name}.transition", [0, 2], torch.relu, x_in + x_out)
    return imagined, torch.cat(codes, dim=1)


def plain_if_mmin(state, specific, invariant):
    """A block's input is the output of the one before and the invariant feature."""
    x_out, codes = specific, []
    for block in range(5):
        code, x_out = plain_block(state, "imagination", block, x_out + invariant)
        codes.append(code)
    imagined = layers(state, "imagination.transition", [0, 2], torch.relu, x_out)
    return imagined, torch.cat(codes, dim=1)


def plain_posterior(model, state, specific, invariant):
    """Torch's own Transformer over one token of 768 or six of 128."""
    torchs = {
        "project_in": "self_attn.in_proj_weight",
        "bias_in": "self_attn.in_proj_bias",
        "project_out": "self_attn.out_proj",
        "expand": "linear1",
        "shrink": "linear2",
        "norm_attention": "norm1",
        "norm_feed_forward": "norm2",
    }
    features = torch.stack([*specific.split(128, dim=1), *invariant.split(128, dim=1)], dim=1)
    tokens = features if model.settings.tokens == "features" else features.flatten(1)[:, None]
    for place in range(model.settings.layers):
        layer = nn.TransformerEncoderLayer(
            tokens.shape[2],
            model.settings.heads,
            model.settings.feed_forward,
            batch_first=True,
        )
        own = {
            key.removeprefix(f"vae_encoder.{place}.").replace(
                part := key.split(".")[2], torchs[part]
            ): value
            for key, value in state.items()
            if key.startswith(f"vae_encoder.{place}.")
        }
        layer = layer.double().eval()
        tokens = torch.func.functional_call(layer, own, tokens)
    encoded = tokens.flatten(1)
    return linear(state, "mean", encoded), linear(state, "log_variance", encoded)


def plain_decoder(state, z, invariant):
    return layers(state, "decoder", [0, 2, 4], torch.relu, torch.cat([z, invariant], dim=1))


def plain_classifier(state, values):
    return layers(state, "classifier", [0, 3, 6], torch.relu, values)


def plain_logits(name, model, frames):
    state = dict(model.named_parameters())
    embeddings = plain_embeddings(state, frames)
    specific = torch.cat(list(embeddings.values()), dim=1)
    if name in ("unimodal", "men", "men_augmented", "men_oracle_drop"):
        return plain_classifier(state, specific)
    if name == "mmin":
        return plain_classifier(state, plain_mmin(state, specific)[1])
    invariant = plain_invariant(state, embeddings)
    if name == "if_mmin":
        _, codes = plain_if_mmin(state, specific, invariant)
        return plain_classifier(state, codes)
    if name in ("invariance_teacher", "nmer_without_vae"):
        return plain_classifier(state, torch.cat([specific, invariant], dim=1))
    mean, _ = plain_posterior(model, state, specific, invariant)
    return plain_classifier(state, plain_decoder(state, mean, invariant))


@every_case
def test_a_forward_pass_is_the_sources(name, changes):
    model = model_of(name, changes)
    frames, lengths = frames_of(name)
    all_clean = torch.ones(6, len(frames), dtype=torch.bool)
    with torch.no_grad():
        found = model.predict(model.encode_all(frames, lengths), all_clean)
        expected = plain_logits(name, model, frames)
    assert found.shape == (6, 4)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


# -- losses --------------------------------------------------------------------------------------


def imagined_of(batch):
    """The teacher's embedding, row by row: of zeros where a modality is there, else of frames."""
    expected = batch.targets["specific"].clone()
    for row, told in enumerate(batch.is_clean.tolist()):
        for place, is_there in enumerate(told):
            if is_there:
                part = slice(128 * place, 128 * (place + 1))
                expected[row, part] = batch.targets["of_zeros"][row, part]
    return expected


def plain_losses(name, model, batch):
    state = dict(model.named_parameters())
    embeddings = plain_embeddings(state, batch.received)
    specific = torch.cat(list(embeddings.values()), dim=1)

    def cross_entropy(logits):
        picked = logits.log_softmax(dim=1)[range(len(logits)), batch.target]
        return -picked.mean()

    def square(found, expected):
        return ((found - expected) ** 2).mean()

    if name == "men_oracle_drop":
        kept = batch.is_clean.repeat_interleave(128, dim=1)
        return {"cross_entropy": cross_entropy(plain_classifier(state, specific * kept))}
    if name in ("unimodal", "men", "men_augmented"):
        return {"cross_entropy": cross_entropy(plain_classifier(state, specific))}
    if name == "mmin":
        imagined, codes = plain_mmin(state, specific)
        returned, _ = plain_mmin(state, imagined, "cycle")
        return {
            "imagination": 4 * square(imagined, imagined_of(batch)),
            "cycle": 2 * square(returned, specific.detach()),
            "cross_entropy": cross_entropy(plain_classifier(state, codes)),
        }
    invariant = plain_invariant(state, embeddings)
    if name == "if_mmin":
        imagined, codes = plain_if_mmin(state, specific, invariant)
        return {
            "imagination": square(imagined, imagined_of(batch)),
            "invariant": 100 * square(invariant, batch.targets["invariant"]),
            "cross_entropy": cross_entropy(plain_classifier(state, codes)),
        }
    if name == "nmer_without_vae":
        logits = plain_classifier(state, torch.cat([specific, invariant], dim=1))
        return {
            "invariant": 10 * square(invariant, batch.targets["invariant"]),
            "cross_entropy": cross_entropy(logits),
        }
    mean, log_variance = plain_posterior(model, state, specific, invariant)
    deviation = torch.exp(log_variance / 2)
    joint = plain_decoder(state, mean + deviation * model.noise(mean), invariant)
    divergence = (deviation**2 + mean**2 - 1) / 2 - deviation.log()
    released = getattr(model.settings, "variant", "paper") == "released"
    parts = {
        "kl": divergence.sum() if released else divergence.mean(),
        "reconstruction": square(joint, batch.targets["specific"]),
        "invariant": (1 if released else 10) * square(invariant, batch.targets["invariant"]),
        "cross_entropy": cross_entropy(plain_classifier(state, joint)),
    }
    if name == "nmer_without_invariance":
        del parts["invariant"]
    return parts


@pytest.mark.parametrize(
    ("name", "changes"),
    [case for case in CASES if case[0] != "invariance_teacher"],
    ids=[id_ for id_ in IDS if id_ != "invariance_teacher"],
)
def test_a_loss_is_the_sources(name, changes):
    """Values by name, and the gradients, which tell what is a target and what is not."""
    model, batch = model_of(name, changes), batch_of(name)
    found, expected = model.loss(batch), plain_losses(name, model, batch)
    assert set(found) == set(expected)
    for part, value in expected.items():
        torch.testing.assert_close(found[part], value, rtol=1e-8, atol=1e-8, msg=part)
    weights = list(model.parameters())
    gradients, by_hand = (
        torch.autograd.grad(sum(parts.values()), weights, materialize_grads=True)
        for parts in (found, expected)
    )
    for ours, theirs in zip(gradients, by_hand, strict=True):
        scale = theirs.norm() + 1e-9
        assert (ours - theirs).norm() <= 1e-6 * scale


# -- teachers ------------------------------------------------------------------------------------


@every_student
def test_a_student_starts_from_its_teacher_and_leaves_it_as_it_is(name, changes):
    teacher, student = build(settings_class(name).teacher), build(name, **changes)
    with torch.no_grad():
        for parameter in teacher.parameters():
            parameter += 1
    before = {key: value.clone() for key, value in teacher.state_dict().items()}
    student.start_from(teacher)
    shared = [key for key in before if key.startswith(("encoders.", "invariance."))]
    for key in shared:
        assert torch.equal(student.state_dict()[key], before[key])
    with torch.no_grad():
        for parameter in student.parameters():
            parameter += 1
    assert all(torch.equal(value, before[key]) for key, value in teacher.state_dict().items())


def test_teachers_say_what_they_make_of_clean_utterances_and_of_zeros():
    for name in ("men", "invariance_teacher"):
        teacher = model_of(name, {})
        state = dict(teacher.named_parameters())
        frames, lengths = frames_of(name)
        zeros = {m: torch.zeros_like(values) for m, values in frames.items()}
        with torch.no_grad():
            taught = teacher.teach(
                teacher.encode_all(frames, lengths), teacher.encode_all(zeros, lengths)
            )
            clean, silent = plain_embeddings(state, frames), plain_embeddings(state, zeros)
            expected = {
                "specific": torch.cat(list(clean.values()), dim=1),
                "of_zeros": torch.cat(list(silent.values()), dim=1),
            }
            if name == "invariance_teacher":
                expected["invariant"] = plain_invariant(state, clean)
        assert set(taught) == set(expected)
        for target, value in expected.items():
            torch.testing.assert_close(taught[target], value, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["mmin", "nmer"])  # a student of each teacher
def test_training_starts_from_the_teacher_and_leaves_it_frozen(folds, tmp_path, name):
    teacher = settings_class(name).teacher
    key = KEYS[0]
    teachers = train(folds, tmp_path / "teacher", teacher, KEYS[:1], trained_on="clean")
    before = teachers[key].read_bytes()
    model = described(name, learning_rate=1e-9, epochs_constant=1, epochs_falling=0)
    student = train(folds, tmp_path, name, KEYS[:1], teachers=teachers, model=model)
    assert teachers[key].read_bytes() == before
    taught, started = load_file(teachers[key]), load_file(student[key])
    shared = [key for key in taught if key.startswith(("model.encoders.", "model.invariance."))]
    assert shared
    for weights in shared:
        torch.testing.assert_close(started[weights], taught[weights], rtol=0, atol=1e-6)


# -- what may reach a prediction -----------------------------------------------------------------


def as_is(widths):
    return {
        m: Normaliser(np.zeros(d, np.float32), np.ones(d, np.float32)) for m, d in widths.items()
    }


def predict_all(net, clean, noisy):
    """Logits by condition, from padded parts."""
    embeddings = embed(net, clean), embed(net, noisy)
    return {
        condition: net.predict(*combine(*embeddings, is_clean))
        for condition, is_clean in conditions(list(embeddings[0])).items()
    }


@every_case
def test_nothing_of_a_missing_modality_reaches_the_prediction(name, changes):
    widths, count = widths_of(name), 7
    net = Nets([build(name, **changes)], torch.device("cpu"))
    utterances = [f"u{place}" for place in range(count)]
    how = CorruptionOfModality("missing", Missing(Missing.settings_class()), None)
    missing = CorruptionOfFold(dict.fromkeys(widths, how), 1)
    torch.manual_seed(0)
    values = {m: torch.randn(5 * count, d) for m, d in widths.items()}
    lengths = np.full(count, 5)

    def predictions(values):
        frames = {m: Frames(v, lengths.cumsum() - lengths, lengths) for m, v in values.items()}
        parts = [
            PaddedPart.of(
                [evaluation_frames(frames, as_is(widths), utterances, np.arange(count), "test", c)]
            )
            for c in (NO_CORRUPTION, missing)
        ]
        return predict_all(net, *parts)

    before = predictions(values)
    for changed in widths:
        after = predictions({**values, changed: 5 - values[changed]})
        for condition, is_clean in conditions(list(widths)).items():
            is_there = dict(zip(widths, is_clean, strict=True))[changed]
            same = torch.equal(before[condition], after[condition])
            assert same != is_there, (changed, condition)


@every_case
def test_nothing_of_a_noisy_modalitys_clean_version_reaches_the_prediction(name, changes):
    """Another clean version under the same noisy input: nothing moves, in the test nor in CE."""
    widths = widths_of(name)
    net = Nets([build(name, **changes)], torch.device("cpu"))
    torch.manual_seed(0)
    lengths = np.full(7, 5)

    def part(values):
        frames = {m: Frames(v, lengths.cumsum() - lengths, lengths) for m, v in values.items()}
        return PaddedPart.of([frames])

    clean, noisy, other = ({m: torch.randn(35, d) for m, d in widths.items()} for _ in range(3))
    before = predict_all(net, part(clean), part(noisy))
    for changed in widths:
        after = predict_all(net, part({**clean, changed: other[changed]}), part(noisy))
        for condition, is_clean in conditions(list(widths)).items():
            if not dict(zip(widths, is_clean, strict=True))[changed]:
                assert torch.equal(before[condition], after[condition]), (changed, condition)
    model, batch = model_of(name, changes), batch_of(name)
    found = model.loss(batch)["cross_entropy"]
    batch.targets = {target: -value for target, value in batch.targets.items()}
    batch.clean = {m: -value for m, value in batch.received.items()}
    assert model.loss(batch)["cross_entropy"] == found


def test_the_oracle_drops_what_is_noisy():
    model = model_of("men_oracle_drop", {})
    values, lengths = frames_of("men_oracle_drop")
    other, _ = frames_of("men_oracle_drop", seed=2)
    with torch.no_grad():
        for is_clean in conditions(list(values)).values():
            told = torch.tensor(is_clean).expand(6, 3)
            changed = {
                m: values[m] if keep else other[m] for m, keep in zip(values, is_clean, strict=True)
            }
            one = model.predict(model.encode_all(values, lengths), told)
            two = model.predict(model.encode_all(changed, lengths), told)
            assert torch.equal(one, two)
    assert len(one.unique(dim=0)) > 1, "all clean: utterances differ"


@every_case
def test_who_is_told_what_is_noisy_says_so(name, changes):
    model = model_of(name, changes)
    values, lengths = frames_of(name)
    with torch.no_grad():
        embeddings = model.encode_all(values, lengths)
        none, every = (
            model.predict(embeddings, torch.full((6, len(values)), told)) for told in (False, True)
        )
    assert torch.equal(none, every) != settings_class(name).is_mask_aware


@every_case
def test_variants_too_do_not_depend_on_batch_mates(name, changes):
    model = model_of(name, changes)
    values, lengths = frames_of(name)
    lengths = {m: torch.tensor([9, 4, 1, 7, 2, 5]) for m in values}
    values = {m: v * (torch.arange(9) < lengths[m][:, None])[..., None] for m, v in values.items()}
    is_clean = torch.arange(6 * len(values)).view(6, -1) % 3 > 0
    with torch.no_grad():
        together = model.predict(model.encode_all(values, lengths), is_clean)
        alone = model.predict(
            model.encode_all(
                {m: v[1:2, :4] for m, v in values.items()}, {m: n[1:2] for m, n in lengths.items()}
            ),
            is_clean[1:2],
        )
    torch.testing.assert_close(together[1:2], alone, rtol=1e-9, atol=1e-9)


# -- learning ------------------------------------------------------------------------------------


@pytest.fixture
def double():
    """Weights, and the optimiser's state, in double precision."""
    torch.set_default_dtype(torch.double)
    yield
    torch.set_default_dtype(torch.float32)


@every_case
def test_a_stack_steps_as_its_models_would_alone(double, name, changes):
    """With dropout; in double precision, since Adam makes whole steps of rounding."""
    settings = settings_class(name)(**described(name, **changes)["settings"])
    models = []
    for seed in range(2):
        torch.manual_seed(seed)
        kind = load(implementation(name))
        models.append(kind(settings, inputs_of(widths_of(name)), TASK))
    batches = [[batch_of(name, seed=10 * step + r) for r in range(2)] for step in range(2)]
    stack = Nets(models, torch.device("cpu"))
    keys = torch.randint(1 << 31, (2, 2, stack.sites, 2), dtype=torch.int32)

    def steps(nets, which):
        optimiser = Optimiser(nets, settings)
        optimiser.set_epoch(1)
        replicas = list(range(len(which)))
        for together, key in zip(batches, keys, strict=True):
            chosen = [together[r] for r in which]
            batch = Batch(
                {m: torch.stack([b.received[m] for b in chosen]) for m in chosen[0].received},
                {m: torch.stack([b.lengths[m] for b in chosen]) for m in chosen[0].lengths},
                torch.stack([b.target for b in chosen]),
                {t: torch.stack([b.targets[t] for b in chosen]) for t in chosen[0].targets},
                torch.stack([b.is_clean for b in chosen]),
                {},
            )
            nets.backward(replicas, batch, key[which], settings.clip_norm)
            optimiser.step(replicas)
        return nets.weights

    started = stack.weights.clone()
    together = steps(stack, [0, 1])
    alone = steps(Nets([models[1]], torch.device("cpu")), [1])
    torch.testing.assert_close(together[1], alone[0], rtol=1e-6, atol=1e-8)
    assert (alone[0] - started[1]).abs().max() > 1e-3


@every_case
def test_a_model_overfits_16_samples(name, changes):
    torch.manual_seed(0)
    size, widths = 16, widths_of(name)
    lengths = {m: torch.full((size,), 4) for m in widths}
    clean, noisy = ({m: torch.randn(size, 4, d) for m, d in widths.items()} for _ in range(2))
    drawn = [told for told in conditions(list(widths)).values() if any(told)]
    is_clean = torch.tensor([drawn[row % len(drawn)] for row in range(size)])
    received = {
        m: torch.where(told[:, None, None], clean[m], noisy[m])
        for m, told in zip(widths, is_clean.unbind(dim=1), strict=True)
    }
    model, targets = build(name, **changes, dropout=0.0), {}
    if settings_class(name).teacher:
        teacher = build(settings_class(name).teacher).eval()
        model.start_from(teacher)
        with torch.no_grad():
            zeros = teacher.encode_all({m: 0 * v for m, v in clean.items()}, lengths)
            targets = teacher.teach(teacher.encode_all(clean, lengths), zeros)
    for text in (part for part in model.modules() if isinstance(part, Dropout)):
        text.probability = 0.0  # what the encoder of text has of its own
    batch = Batch(received, lengths, torch.randint(4, (size,)), targets, is_clean, clean)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    sites = [part for part in model.modules() if isinstance(part, Chance)]
    for step in range(300):
        for site in sites:  # else the noise of the latent tells which sample it is
            site.key = torch.randint(1 << 31, (2,), dtype=torch.int32)
        optimiser.zero_grad()
        sum(model.train().loss(batch).values()).backward()
        optimiser.step()
        if step % 5:
            continue
        with torch.no_grad():
            embeddings = model.eval().encode_all(received, lengths)
            if (model.predict(embeddings, is_clean).argmax(dim=1) == batch.target).all():
                return
    raise AssertionError("some samples are still wrong")
