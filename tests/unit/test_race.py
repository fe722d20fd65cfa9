"""Every entrant of the race computes the same; of what needs a GPU, all that can be held here."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import race  # noqa: E402
from recurrent import encoders, graph, steps, timing  # noqa: E402
from recurrent.planned import Plan, planned_maximum  # noqa: E402
from recurrent.problem import difference, draw_problem, reference, stacked_step  # noqa: E402
from recurrent.stepwise import Stepwise  # noqa: E402

CPU = torch.device("cpu")
WIDTHS = {"audio": 5, "video": 7, "text": 11}
SHARED_MEMORY = 227 * 1024  # bytes of a block on sm_90


def small_problem(device=CPU):
    """Lengths of 0, 1 and T, another set in each replica; the plan has room for longer ones."""
    problem = draw_problem(3, 5, device, batch=9, longest=13)
    problem.lengths[0, 0] = 0
    problem.lengths[0, 3] = problem.lengths[2, 8] = 13
    problem.lengths[1] = torch.arange(9, device=device)
    longer = torch.full((1, 9), 6)
    problem.plan = Plan(torch.cat([problem.lengths.cpu(), longer]), device)
    return problem


def assert_right(step, problem, folder):
    for _ in range(2):
        highest, gradients = step()
        for replica in range(3):
            expected, of_weights = reference(problem, replica, folder)
            torch.testing.assert_close(highest[replica].cpu().double(), expected, atol=1e-5, rtol=0)
            found = (highest, gradients)
            assert difference(found, replica, (expected, of_weights)) < 1e-4


class RunOnce:
    """Stands in for a CUDA graph: what the function did when it was recorded."""

    def __init__(self, function, inputs=(), stream=None):
        self.outputs = function(*inputs)

    def __call__(self, *inputs):
        return self.outputs


@pytest.mark.parametrize("name", ["cudnn_streams", "cudnn_graphs", "stacked", "stacked_graph"])
def test_encoders_agree_with_torchs_lstm(name, monkeypatch, tmp_path):
    monkeypatch.setattr(encoders, "Graph", RunOnce)
    problem = small_problem()
    assert_right(encoders.CANDIDATES[name](problem), problem, tmp_path)


@pytest.mark.parametrize("compiled", [False, True])
def test_stepwise_agrees_with_torchs_lstm(compiled, tmp_path):
    if compiled and not shutil.which("g++"):
        pytest.skip("torch.compile needs a C++ compiler")
    problem = small_problem()
    maximum = planned_maximum(problem.plan, Stepwise(compiled))
    assert_right(stacked_step(maximum, problem), problem, tmp_path)


def check_triton(folder):
    """In a process of its own: Triton reads TRITON_INTERPRET when it is imported."""
    from recurrent.fused import BACKWARD, FORWARD, Fused

    problem = small_problem()
    for precision, forward, backward in (
        ("ieee", FORWARD[0], BACKWARD[0]),
        ("tf32x3", FORWARD[1], BACKWARD[1]),
    ):
        maximum = planned_maximum(problem.plan, Fused(precision, forward, backward))
        assert_right(stacked_step(maximum, problem), problem, folder)


def test_triton_kernels_agree_with_torchs_lstm(tmp_path):
    pytest.importorskip("triton")
    command = [sys.executable, "-c", f"import test_race; test_race.check_triton({tmp_path!r})"]
    command[2] = command[2].replace("PosixPath", "test_race.Path")
    paths = [Path(__file__).parent, BENCHMARKS.parent / "src"]
    environment = {"TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(map(str, paths))}
    subprocess.run(command, check=True, env=os.environ | environment)


def kernels():
    try:
        from recurrent import fused
    except ImportError:
        return []
    some = [(fused.advance, shape) for shape in fused.FORWARD]
    some += [(fused.retreat, shape) for shape in fused.BACKWARD]
    return [(k, shape, precision) for k, shape in some for precision in ("ieee", "tf32x3")]


@pytest.mark.parametrize(("kernel", "shape", "precision"), kernels())
def test_triton_kernels_fit_on_a_hopper_gpu(kernel, shape, precision, tmp_path):
    from triton import compile as compile_kernel
    from triton import knobs
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    constants = {"H": 128, "ROWS": 16, "BLOCK": shape.block, "STAGES": shape.stages}
    constants["PRECISION"] = precision
    integers = {"n": "i32", "batch": "i32", "when": "*i32", "start": "*i32", "lengths": "*i32"}
    names = kernel.arg_names
    signature = {
        name: "constexpr" if name in constants else integers.get(name, "*fp32") for name in names
    }
    aligned = [place for place, name in enumerate(names) if signature[name].startswith("*")]
    source = ASTSource(
        kernel, signature, constants, {(place,): [["tt.divisibility", 16]] for place in aligned}
    )
    options = {"num_warps": shape.warps}
    compiled = compile_kernel(source, target=GPUTarget("cuda", 90, 32), options=options)
    assert compiled.metadata.shared < SHARED_MEMORY
    # States pass through global memory within a program, so none may come from the cache for data
    # that never changes.
    assert "ld.global.nc" not in compiled.asm["ptx"]
    file = tmp_path / "kernel.cubin"
    file.write_bytes(compiled.asm["cubin"])
    command = [knobs.nvidia.cuobjdump.path, "-res-usage", file]
    usage = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    stack = int(re.search(r"STACK:(\d+)", usage)[1])
    assert stack <= (64 if precision == "ieee" else 300)  # bytes a thread spills


class Waits(TorchDispatchMode):
    """Notes what would make a GPU and its host wait for one another; meta tensors act as GPU's."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        tensors = [t for t in tree_leaves((args, kwargs, result)) if isinstance(t, torch.Tensor)]
        # A number in a tensor of its own travels with the kernel.
        found = {t.device.type for t in tensors if t.ndim or t.device.type != "cpu"}
        assert len(found) < 2, f"{operation} brings together {found}"
        assert operation is not torch.ops.aten._local_scalar_dense.default or found == {"cpu"}
        return result


def on_meta(thing):
    """A stand-in without values for an object's tensors."""
    if isinstance(thing, torch.Tensor):
        return torch.empty_like(thing, device="meta")
    if isinstance(thing, (list, dict)):
        items = enumerate(thing) if isinstance(thing, list) else thing.items()
        moved = {key: on_meta(value) for key, value in items}
        return list(moved.values()) if isinstance(thing, list) else moved
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        if name != "rows":
            setattr(thing, name, on_meta(value))
    return thing


def layout(name, plan):
    if name == "stacked_graph":
        return encoders.fixed_layout(plan)
    maximum = planned_maximum(plan, Stepwise(compiled=False))
    return mock.patch.object(steps.blocks, "lstm_maximum", maximum)


@pytest.mark.parametrize("model", ["men", "nmer"])
@pytest.mark.parametrize("name", ["stacked_graph", "compiled_graph"])
def test_what_a_graph_holds_does_not_wait(name, model):
    create, settings = steps.MODELS[model]
    nets = steps.Nets([create(settings, WIDTHS, 4) for _ in range(2)], torch.device("meta"))
    batch = steps._draw_batch(2, CPU, WIDTHS, 9, 13, model == "nmer")
    plan = on_meta(Plan(batch.lengths["audio"], CPU))
    batch = on_meta(batch)
    keys = torch.empty(2, nets.sites, 2, dtype=torch.int32, device="meta")
    with layout(name, plan), Waits():
        nets.backward([0, 1], batch, keys, 1.0)


def test_waiting_is_noticed():
    problem = on_meta(small_problem())
    with pytest.raises(NotImplementedError, match="nonzero"), Waits():
        encoders.stacked(problem)()


@pytest.mark.parametrize("variant", ["stacked", "stacked_graph", "compiled_graph"])
@pytest.mark.parametrize("model", ["men", "nmer"])
def test_training_steps_agree(variant, model, monkeypatch):
    monkeypatch.setattr(steps, "Graph", RunOnce)
    monkeypatch.setattr(steps, "Stepwise", lambda: Stepwise(compiled=False))
    losses = []
    for name in ("plain_graphs", variant):
        with steps.training_step(name, model, 2, CPU, WIDTHS, 9, 13) as step:
            losses.append(step())
    torch.testing.assert_close(*losses, rtol=1e-5, atol=0)
    assert losses[0].shape == (2,)


@pytest.mark.parametrize("as_products", [False, True])
def test_text_steps_run(as_products):
    assert len(steps.text_step(as_products, 2, CPU, 11, 3)()) == 8


def test_plan_has_room_for_every_batch_it_was_made_for():
    lengths = torch.tensor([[3, 0, 1], [2, 2, 2]])
    plan = Plan(lengths, CPU)
    assert plan.rows == [3, 3, 3]  # not more than utterances, nor fewer than the next multiple of 8
    order, ranked, place, row, real = plan.pack(lengths, 5)
    assert order.tolist() == [[0, 2, 1], [0, 1, 2]]
    assert ranked.tolist() == [[3, 1, 0], [2, 2, 2]]
    assert place[0][real[0]].tolist() == [0, 10, 1, 2]
    assert row[0][real[0]].tolist() == [0, 2, 0, 0]


class FakeCuda:
    """Notes in which order `Graph` asks torch for what."""

    def __init__(self, monkeypatch):
        self.done = []
        note = self.done.append

        class Stream:
            def wait_stream(self, other):
                note("wait")

        class CUDAGraph:
            def replay(self):
                note("replay")

        @contextmanager
        def recording(graph, stream):
            assert isinstance(stream, Stream)
            note("record")
            yield
            note("recorded")

        for name, value in {
            "Stream": Stream,
            "CUDAGraph": CUDAGraph,
            "graph": recording,
            "stream": lambda stream: nullcontext(),
            "current_stream": Stream,
            "synchronize": lambda: note("synchronize"),
        }.items():
            monkeypatch.setattr(torch.cuda, name, value)


def test_graph_warms_up_records_and_replays(monkeypatch):
    fake = FakeCuda(monkeypatch)

    def double(values):
        fake.done.append("call")
        return values * 2

    given = torch.tensor([1.0, 2.0])
    recorded = graph.Graph(double, [given])
    warm_up = ["wait", "call", "call", "call", "synchronize"]
    assert fake.done == [*warm_up, "record", "call", "recorded"]
    assert recorded(torch.tensor([3.0, 4.0])).tolist() == [2, 4]  # nothing replays it here
    assert fake.done[-1] == "replay"
    assert recorded._inputs[0].tolist() == [3, 4]
    assert given.tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"recorded for \(2,\), not \(1,\)"):
        recorded(torch.tensor([1.0]))


def test_fan_starts_after_what_was_before_and_ends_before_what_follows(monkeypatch):
    fake = FakeCuda(monkeypatch)
    fan = graph.Fan(SimpleNamespace(type="cuda"))
    assert fan([lambda: fake.done.append("work") or 1, lambda: 2]) == [1, 2]
    streams = len(fan._streams)
    assert fake.done == ["wait"] * streams + ["work"] + ["wait"] * streams
    assert fan.stream(0) is fan.stream(streams) is not fan.stream(1)


def test_gpu_steps_are_timed_by_events(monkeypatch):
    FakeCuda(monkeypatch)
    clock = iter(range(1000))

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            self.time = next(clock)

        def elapsed_time(self, other):
            return other.time - self.time  # ms

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device=None: None)
    found = timing.seconds(lambda: None, SimpleNamespace(type="cuda"))
    assert found == pytest.approx((1e-3, 0))


def test_verdict_is_the_simplest_near_the_best():
    assert race.verdict({"simple": 1.4, "clever": 1.0}).startswith("simple, 1.40 times clever")
    assert race.verdict({"simple": 1.6, "clever": 1.0}).startswith("clever, the best")


def test_verdicts_leave_out_what_is_wrong_or_incomplete():
    rows = [
        {"cell": "audio R=2", "seconds": 1.0, "error": 1e-6, "moves": 0.0},
        {"cell": "video R=2", "seconds": 1.0, "error": 1e-6, "moves": 0.0},
    ]
    wrong = [{**row, "seconds": 0.1, "error": float("nan")} for row in rows]
    found = race._verdicts({"wrong": wrong, "right": rows, "short": rows[:1]})
    assert found["audio R=2"].startswith("right")
    astray = [{"cell": "men R=2", "seconds": 1.0, "loss differs": 0.1}]
    assert race._verdicts({"astray": astray}) == {}
    assert found["all R=2"].startswith("right, the best (2000")


def test_race_runs_where_there_is_no_gpu(tmp_path):
    path = tmp_path / "figures.json"
    jobs = ["limits", "encoder stacked", "encoder triton", "step stacked", "step plain_graphs"]
    command = [sys.executable, BENCHMARKS / "race.py", "--device", "cpu", "--json", path]
    shown = subprocess.run([*command, "--only", *jobs], check=True, capture_output=True, text=True)
    figures = json.loads(path.read_text())
    assert figures["skipped"] == {"encoder triton": "needs a GPU"}
    assert figures["verdicts"]["encoder"]["audio R=2"].startswith("stacked")
    rows = figures["jobs"]["step plain_graphs"]
    assert [row["cell"] for row in rows] == ["men R=2", "nmer R=2"]
    assert max(row["loss differs"] for row in rows) < 1e-3
    assert "skipped  encoder triton" in shown.stdout


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", list(encoders.CANDIDATES))
def test_encoders_agree_on_a_gpu(name, tmp_path):
    torch.backends.cudnn.allow_tf32 = False
    problem = small_problem(torch.device("cuda"))
    assert_right(encoders.CANDIDATES[name](problem), problem, tmp_path)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("variant", steps.VARIANTS)
def test_training_steps_run_on_a_gpu(variant):
    device = torch.device("cuda")
    with steps.training_step(variant, "men", 2, device, WIDTHS, 9, 13) as step:
        assert step().isfinite().all()
