"""The Kubernetes profile, with an API that runs pods as processes of this machine.

These tests check the requests for images, volumes and GPUs, not what a cluster does with them; and
that the workflow runs with all its files in the storage plugin.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from helpers.project import STUDENT, TRAININGS, Project, warm_python
from slurm.runs import differences

JOBS = re.compile(r"/apis/batch/v1/namespaces/default/jobs(?:/([^/?]+))?(?:/status)?")


class Api(ThreadingHTTPServer):
    """As much of the Kubernetes API as Snakemake's plugin uses."""

    def __init__(self, folder, image):
        self.folder, self.image = folder, image
        self.bodies, self.pods, self.logs = {}, {}, {}
        super().__init__(("127.0.0.1", 0), Handler)

    def start_pod(self, body):
        """Run a job's container: in an empty folder, with the image's files where they belong."""
        name = body["metadata"]["name"]
        (container,) = body["spec"]["template"]["spec"]["containers"]
        assert container["command"] == ["/bin/sh"]
        work = self.folder / name
        work.mkdir()
        flag, script = container["args"]
        script = script.replace("/opt/robust-mer", str(self.image))
        self.bodies[name] = container
        self.logs[name] = (self.folder / f"{name}.log").open("w")
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH",)}
        self.pods[name] = subprocess.Popen(
            ["/bin/sh", flag, script],
            cwd=work,
            stdout=self.logs[name],
            stderr=subprocess.STDOUT,
            env={**kept, "PIP_NO_DEPS": "1", "PYTHONPATH": str(self.image / "src")},
        )

    def status(self, name):
        code = self.pods[name].poll()
        return {} if code is None else {"succeeded": 1} if code == 0 else {"failed": 1}


class Handler(BaseHTTPRequestHandler):
    """Returns the objects that it was sent, and the state of pods."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if JOBS.fullmatch(self.path):
            self.server.start_pod(body)
        self.answer(body)

    def do_GET(self):
        if match := JOBS.match(self.path):
            name = match[1]
            self.answer({"metadata": {"name": name}, "status": self.server.status(name)})
        else:  # pods, whose status has no separate resource
            self.answer({"kind": "PodList", "apiVersion": "v1", "items": []})

    def do_DELETE(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer({"kind": "Status", "status": "Success"})

    def answer(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def api(tmp_path, monkeypatch):
    """A running API, which kubectl's config names."""
    image = Project.make(tmp_path / "image").folder
    pods = tmp_path / "pods"
    pods.mkdir()
    server = Api(pods, image)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [
            {"name": "here", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
        ],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    programs = (Path(warm_python()).parent, Path(sys.executable).parent, os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, programs)))
    yield server
    server.shutdown()
    for pod in server.pods.values():
        pod.kill()
        pod.wait()


@pytest.mark.skipif(not shutil.which("rsync"), reason="the storage plugin needs rsync")
def test_pods_train_what_a_machine_trains(project, finished, api):
    shutil.rmtree(project.folder / "results/demo/models")
    volume = str(project.folder)
    command = project.command(
        STUDENT,
        "--profile",
        "profiles/kubernetes",
        "--default-storage-prefix",
        volume,
        "--kubernetes-persistent-volumes",
        f"robust-mer:{volume}",
        "--precommand",
        f"cp -r /opt/robust-mer/. . && ln -sfn {volume}/results results",
        "--seconds-between-status-checks",
        "1",
    )
    # In a separate process: the Kubernetes client reads KUBECONFIG when it is imported.
    done = project.run_command(command)
    logs = "".join(path.read_text()[-3000:] for path in api.folder.glob("*.log"))
    assert done.returncode == 0, done.stdout[-3000:] + logs
    assert len(api.bodies) == 2  # the teacher and nmer
    for container in api.bodies.values():
        assert container["image"] == "robust-mer:0.2.0.dev0"
        assert {"name": "robust-mer", "mountPath": str(project.folder)} in container["volumeMounts"]
        for asked in container["resources"].values():
            assert asked["nvidia.com/gpu"] == "1"
            assert int(asked["memory"].removesuffix("M")) >= 380
    for path in TRAININGS:
        assert not differences(project.folder / path, finished.folder / path)
