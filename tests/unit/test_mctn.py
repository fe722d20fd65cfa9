"""MCTN against torch's own layers and sums by hand, and what it must not see."""

import copy

import pytest
import torch
from helpers.models import IEMOCAP, TASK, inputs_of
from torch import nn, vmap
from torch.func import functional_call, stack_module_state
from torch.nn import functional

from robust_mer.engine.nets import Nets
from robust_mer.errors import InputError
from robust_mer.models.mctn.decoder import Decoder, decode
from robust_mer.models.mctn.encoder import Encoder
from robust_mer.models.mctn.mctn import MCTN
from robust_mer.models.mctn.mctn_oracle import MCTNOracle
from robust_mer.models.mctn.sequences import run
from robust_mer.models.mctn.settings import MCTNSettings
from robust_mer.models.model import Batch
from robust_mer.models.recurrent import lstm_states
from robust_mer.models.segments import averages

WIDTHS = {"audio": 7, "video": 5, "text": 11}
LENGTHS = {
    "audio": torch.tensor([9, 4, 1, 7]),
    "video": torch.tensor([6, 0, 2, 3]),
    "text": torch.tensor([3, 12, 5, 8]),
}
SEGMENTS = 5
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def build(kind=MCTN, widths=WIDTHS, seed=0, **changes):
    torch.manual_seed(seed)
    settings = kind.settings_class(**{"segments": SEGMENTS, "dropout": 0.0, **changes})
    return kind(settings, inputs_of(widths), TASK)


def random_frames(lengths, width):
    real = torch.arange(int(lengths.max())) < lengths[..., None]
    return torch.randn(*real.shape, width) * real[..., None]


def batch_of(seed=1, widths=WIDTHS, lengths=LENGTHS):
    torch.manual_seed(seed)
    clean = {m: random_frames(lengths[m], d) for m, d in widths.items()}
    received = {m: random_frames(lengths[m], d) for m, d in widths.items()}
    label = torch.tensor([0, 1, 2, 3])
    is_clean = torch.rand(4, len(widths)) < 0.5
    return Batch(received, lengths, label, {}, is_clean, clean)


def torchs_states(lstm, frames):
    """States of one utterance [T, D] by nn.LSTM, directions summed: [T, H]."""
    if not len(frames):
        return torch.zeros(0, lstm.hidden_size)
    missing = lstm.input_size - frames.shape[1]
    states, _ = lstm(functional.pad(frames, (0, missing)))
    return states.unflatten(1, (-1, lstm.hidden_size)).sum(dim=1)


def averages_by_hand(frames, segments=SEGMENTS):
    count = min(len(frames), segments)
    cut = [[t for t in range(len(frames)) if t * count // len(frames) == s] for s in range(count)]
    return torch.stack([frames[some].mean(dim=0) for some in cut]) if cut else frames


def torchs_states_of_decoder(decoder, code, steps):
    """One code [N, H] through nn.LSTMCell and Bahdanau's attention: [steps, H]."""
    state = cell = torch.zeros(1, code.shape[1])
    states = []
    for _ in range(steps):
        context = torch.zeros_like(state)
        if len(code):
            scores = decoder.score((decoder.query(state) + decoder.key(code)).tanh())
            context = (scores.softmax(dim=0) * code).sum(dim=0, keepdim=True)
        state, cell = decoder.cell(context, (state, cell))
        states.append(state[0])
    return torch.stack(states)


def chain_by_hand(encoder, place, frames):
    """E and the joint code of a chain of one utterance [T, D], without padding."""
    first = averages_by_hand(torchs_states(encoder.first[place], frames))
    return first, torchs_states(encoder.second[place], first) if encoder.second else first


class TwoLSTMs(nn.Module):
    """Two bidirectional nets that run as one."""

    def __init__(self):
        super().__init__()
        self.lstms = nn.ModuleList(nn.LSTM(6, 4, bidirectional=True) for _ in range(2))

    def forward(self, frames, lengths):
        return run(self.lstms, [frames] * 2, [lengths] * 2)


def test_states_are_torchs_in_both_directions():
    """Values and gradients, alone and of three replicas as one."""
    torch.manual_seed(0)
    nets = [TwoLSTMs() for _ in range(3)]
    lengths = torch.tensor([[9, 3, 1, 0], [2, 8, 0, 5], [9, 9, 4, 4]])
    frames = torch.randn(3, 4, 9, 6, requires_grad=True)
    weigh = torch.randn(3, 2, 4, 9, 4)
    expected = torch.zeros(3, 2, 4, 9, 4)
    for r, net in enumerate(nets):
        for k, lstm in enumerate(net.lstms):
            for b, length in enumerate(lengths[r]):
                expected[r, k, b, :length] = torchs_states(lstm, frames[r, b, :length])
    parameters = [list(net.parameters()) for net in nets]
    inputs = [frames, *(p for own in parameters for p in own)]
    gradients = torch.autograd.grad((expected * weigh).sum(), inputs)
    alone = torch.stack([net(f, n) for net, f, n in zip(nets, frames, lengths, strict=True)])
    torch.testing.assert_close(alone, expected, **CLOSE)
    of_alone = torch.autograd.grad((alone * weigh).sum(), inputs)
    weights, _ = stack_module_state(nets)
    stacked = vmap(lambda *one: functional_call(nets[0], one[0], one[1:]))(weights, frames, lengths)
    torch.testing.assert_close(stacked, expected, **CLOSE)
    of_frames, *of_weights = torch.autograd.grad(
        (stacked * weigh).sum(), [frames, *weights.values()]
    )
    of_stacked = [of_frames, *(gradient[r] for r in range(3) for gradient in of_weights)]
    for theirs, own, as_one in zip(gradients, of_alone, of_stacked, strict=True):
        torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(as_one, theirs, rtol=1e-4, atol=1e-5)


def test_states_of_no_frames_at_all():
    inputs = torch.zeros(2, 3, 0, 16, requires_grad=True)
    lengths, backwards = torch.zeros(2, 3, dtype=torch.int64), torch.tensor([False, True])
    weight = torch.randn(2, 16, 4, requires_grad=True)
    states = lstm_states(inputs, lengths, weight, backwards)
    assert states.shape == (2, 3, 0, 4)
    states.sum().backward()
    assert not weight.grad.any()


@pytest.mark.parametrize("longest", [3, 5, 23])
def test_averages_are_those_of_equal_segments(longest):
    torch.manual_seed(0)
    lengths = torch.tensor([longest, 1, 0, longest // 2])
    frames = random_frames(lengths, 6)
    found, count = averages(frames, lengths, SEGMENTS)
    assert count.tolist() == [min(length, SEGMENTS) for length in lengths]
    for row, length in enumerate(lengths):
        expected = averages_by_hand(frames[row, :length])
        torch.testing.assert_close(found[row, : len(expected)], expected, **CLOSE)
        assert not found[row, len(expected) :].any()


def test_attention_decoder_is_torchs():
    torch.manual_seed(0)
    decoders = [Decoder(7, 6), Decoder(3, 6)]
    count = torch.tensor([[4, 2, 0], [1, 3, 4]])
    codes = random_frames(count, 6)
    found = decode(decoders, codes, count, 8)
    for k, decoder in enumerate(decoders):
        written = decoder.write(found[k], 3)
        for row in range(3):
            states = torchs_states_of_decoder(decoder, codes[k, row, : count[k, row]], 8)
            torch.testing.assert_close(found[k, row], states, **CLOSE)
            torch.testing.assert_close(written[row], decoder.output(states)[:, :3], **CLOSE)


@pytest.mark.parametrize("widths", [WIDTHS, {"audio": 7, "text": 11}])
def test_codes_are_those_of_torchs_layers(widths):
    model, batch = build(widths=widths), batch_of(widths=widths)
    for source, encoder in model.encoders.items():
        found = model.encode(source, batch.received[source], batch.lengths[source])
        assert found.shape == (4, MCTNSettings().hidden * (len(widths) - 1))
        for row, length in enumerate(batch.lengths[source]):
            read = []
            for place, reader in enumerate(encoder.readers):
                _, joint = chain_by_hand(encoder, place, batch.received[source][row, :length])
                states = torchs_states(reader, joint)
                weights = encoder.attention[place](states).tanh().softmax(dim=0)
                read.append((weights * states).sum(dim=0))
            torch.testing.assert_close(found[row], torch.cat(read), **CLOSE)


@pytest.mark.parametrize("kind", [MCTN, MCTNOracle])
def test_losses_are_those_of_torchs_layers(kind):
    """Forth, back with the same nets, into the third: chain by chain, utterance by utterance."""
    model, batch = build(kind), batch_of()
    names = list(WIDTHS)
    sums = {"translation": 0.0, "cycle": 0.0, "third": 0.0}
    for at, source in enumerate(names):
        targets = [name for name in names if name != source]
        encoder = model.encoders[source]
        for place, target in enumerate(targets):
            (third,) = (name for name in targets if name != target)
            translator = model.translators[source][place]
            squares = {name: [] for name in sums}
            for row in range(4):
                if kind is MCTNOracle and not batch.is_clean[row, at]:
                    continue
                clean = {
                    m: averages_by_hand(frames[row, : batch.lengths[m][row]])
                    for m, frames in batch.clean.items()
                }
                received = batch.received[source][row, : batch.lengths[source][row]]
                first, joint = chain_by_hand(encoder, place, received)
                there = translator.output(torchs_states_of_decoder(translator, first, SEGMENTS))
                there = there[: len(clean[target]), : WIDTHS[target]]
                again = torchs_states(encoder.first[place], there)
                back = translator.output(torchs_states_of_decoder(translator, again, SEGMENTS))
                onward = model.thirds[source][place]
                onward = onward.output(torchs_states_of_decoder(onward, joint, SEGMENTS))
                for name, found, expected in (
                    ("translation", there, clean[target]),
                    ("cycle", back[:, : WIDTHS[source]], clean[source]),
                    ("third", onward, clean[third]),
                ):
                    squares[name] += (found[: len(expected)] - expected).square().mean(1).tolist()
            for name, values in squares.items():
                sums[name] += sum(values) / max(1, len(values))
    parts = model.loss(batch)
    assert set(parts) == {"cross_entropy", *sums}
    for name, value in sums.items():
        assert parts[name].item() == pytest.approx(0.1 * value, rel=1e-4), name
    embeddings = model.encode_all(batch.received, batch.lengths)
    logits = model.predict(embeddings, batch.is_clean)
    expected = -logits.log_softmax(1)[range(4), batch.target].mean()
    torch.testing.assert_close(parts["cross_entropy"], expected)


@pytest.mark.parametrize("kind", [MCTN, MCTNOracle])
def test_padding_and_batch_mates_change_nothing(kind):
    model, batch = build(kind), batch_of()
    longer = copy.copy(batch)
    for name in ("received", "clean"):
        frames = getattr(batch, name)
        setattr(longer, name, {m: functional.pad(f, (0, 0, 0, 17)) for m, f in frames.items()})
    for name, value in model.loss(batch).items():
        torch.testing.assert_close(model.loss(longer)[name], value, msg=name)
    together = model.predict(model.encode_all(batch.received, batch.lengths), batch.is_clean)
    for row in range(4):
        own = {m: n[row : row + 1] for m, n in batch.lengths.items()}
        frames = {m: f[row : row + 1, : own[m]] for m, f in batch.received.items()}
        alone = model.predict(model.encode_all(frames, own), batch.is_clean[row : row + 1])
        torch.testing.assert_close(alone, together[row : row + 1], **CLOSE)


def test_no_target_reaches_the_classification():
    """What the classifier is trained on and predicts from comes from the received sources alone."""
    model, batch = build(), batch_of()
    for frames in batch.clean.values():
        frames.requires_grad_()
    parts = model.loss(batch)
    targets = list(batch.clean.values())
    of_classification = torch.autograd.grad(
        parts["cross_entropy"], targets, retain_graph=True, allow_unused=True
    )
    assert of_classification == (None, None, None)
    errors = sum(value for name, value in parts.items() if name != "cross_entropy")
    assert all(gradient.any() for gradient in torch.autograd.grad(errors, targets))
    batch.clean = {m: f.detach() + 1 for m, f in batch.clean.items()}
    changed = model.loss(batch)
    assert torch.equal(changed.pop("cross_entropy"), parts.pop("cross_entropy"))
    assert all(changed[name] != value for name, value in parts.items())


def test_decoders_do_not_run_in_prediction(monkeypatch):
    model, batch = build(), batch_of()
    monkeypatch.setattr("robust_mer.models.mctn.mctn.decode", None)
    embeddings = model.encode_all(batch.received, batch.lengths)
    assert model.predict(embeddings, batch.is_clean).shape == (4, 4)
    for decoders in (model.translators, model.thirds):
        for parameter in decoders.parameters():
            parameter.data.fill_(torch.nan)
    assert torch.equal(model.encode_all(batch.received, batch.lengths)["text"], embeddings["text"])


def outcome(model, batch):
    """All that comes of a batch."""
    embeddings = model.encode_all(batch.received, batch.lengths)
    return [model.predict(embeddings, batch.is_clean), *model.loss(batch).values()]


def test_the_oracle_sees_clean_modalities_only():
    batch = batch_of()
    batch.is_clean = torch.tensor(
        [[True, False, False], [False, True, True], [False, False, False], [True, True, True]]
    )
    changed = copy.copy(batch)
    changed.received = {
        m: torch.where(batch.is_clean[:, column, None, None], frames, frames + 1)
        for column, (m, frames) in enumerate(batch.received.items())
    }
    for kind in (MCTN, MCTNOracle):
        model = build(kind)
        before, after = outcome(model, batch), outcome(model, changed)
        same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        assert same == [kind is MCTNOracle] * len(same)


def test_the_blind_model_is_not_told_the_condition():
    batch = batch_of()
    told = copy.copy(batch)
    told.is_clean = ~batch.is_clean
    model = build()
    for before, after in zip(outcome(model, batch), outcome(model, told), strict=True):
        assert torch.equal(before, after)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_any_number_of_modalities_from_two(count):
    """Every two of them in both directions, every other one as a third, and all of it learns."""
    widths = dict(zip("abcd"[:count], (3, 5, 2, 4), strict=False))
    lengths = {m: torch.tensor([6, 2, 9, 1]) for m in widths}
    model = build(widths=widths)
    parts = model.loss(batch_of(widths=widths, lengths=lengths))
    assert ("third" in parts) == (count > 2)
    assert len(model.pairs) == count * (count - 1)
    assert sum(map(len, model.thirds.values())) == count * (count - 1) * (count - 2)
    sum(parts.values()).backward()
    assert not [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]


def test_one_modality_alone_is_refused():
    with pytest.raises(InputError, match="audio"):
        build(widths={"audio": 7})


def test_the_first_encoder_has_the_originals_form():
    """Two directions of 32 units, on the wider of source and target."""
    torch.manual_seed(0)
    encoder = Encoder("audio", inputs_of(IEMOCAP), 32, 20)
    assert [(lstm.input_size, lstm.hidden_size) for lstm in encoder.first] == [
        (342, 32),
        (1024, 32),
    ]
    assert all(lstm.bidirectional for lstm in (*encoder.first, *encoder.second))


@pytest.mark.parametrize("kind", [MCTN, MCTNOracle])
def test_it_overfits_12_samples(kind):
    torch.manual_seed(0)
    lengths = {m: torch.randint(1, 9, (12,)) for m in WIDTHS}
    frames = {m: random_frames(lengths[m], d) for m, d in WIDTHS.items()}
    is_clean = torch.eye(3, dtype=torch.bool)[torch.arange(12) % 3]
    batch = Batch(frames, lengths, torch.arange(12) % 4, {}, is_clean, frames)
    model = build(kind)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    course = []
    for step in range(80):
        parts = model.loss(batch)
        course.append({name: value.item() for name, value in parts.items()})
        optimiser.zero_grad()
        sum(parts.values()).backward()
        optimiser.step()
        if step % 10 == 9:
            predicted = model.predict(model.encode_all(frames, lengths), is_clean).argmax(dim=1)
            if (predicted == batch.target).all():
                break
    assert (predicted == batch.target).all()
    assert all(course[-1][name] < value for name, value in course[0].items())


@pytest.mark.parametrize("kind", [MCTN, MCTNOracle])
def test_replicas_are_the_same_alone_and_stacked(kind):
    """Losses, gradients and predictions, with dropout's draws."""
    models = [build(kind, seed=seed, dropout=0.3) for seed in range(3)]
    batches = [batch_of(seed) for seed in range(3)]
    batches[1].lengths = {m: n.flip(0) for m, n in LENGTHS.items()}

    def together(part):
        return (
            torch.stack(part)
            if torch.is_tensor(part[0])
            else {m: torch.stack([own[m] for own in part]) for m in part[0]}
        )

    fields = ("received", "lengths", "target", "targets", "is_clean", "clean")
    whole = [together([getattr(batch, name) for batch in batches]) for name in fields]
    stack = Nets(models, torch.device("cpu"))
    keys = torch.randint(-(1 << 31), 1 << 31, (3, stack.sites, 2)).to(torch.int32)
    parts = stack.backward([0, 1, 2], Batch(*whole), keys, 1.0)
    embeddings = {m: stack.of_frames("encode", m, whole[0][m], whole[1][m]) for m in WIDTHS}
    predicted = stack.predict(embeddings, whole[4])
    for place, model in enumerate(models):
        net = Nets([model], torch.device("cpu"))
        own = [
            {m: v[[place]] for m, v in part.items()} if isinstance(part, dict) else part[[place]]
            for part in whole
        ]
        for name, value in net.backward([0], Batch(*own), keys[[place]], 1.0).items():
            torch.testing.assert_close(parts[name][[place]], value, msg=name)
        torch.testing.assert_close(stack.gradient[[place]], net.gradient, rtol=1e-3, atol=1e-5)
        alone = {m: net.of_frames("encode", m, own[0][m], own[1][m]) for m in WIDTHS}
        torch.testing.assert_close(
            predicted[[place]], net.predict(alone, own[4]), rtol=1e-4, atol=1e-5
        )
