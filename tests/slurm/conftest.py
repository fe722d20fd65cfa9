"""A running cluster, and a small demo that has run without it."""

import pytest
from slurm.cluster import slurm_cluster, why_not
from workflow.conftest import finished, project  # noqa: F401


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Slurm on this machine; skips where it cannot be had."""
    if reason := why_not():
        pytest.skip(reason)
    with slurm_cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running
