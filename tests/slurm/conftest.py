"""A running cluster."""

import pytest
from slurm.cluster import slurm_cluster, why_not


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Slurm on this machine; skips if it is not available."""
    if reason := why_not():
        pytest.skip(reason)
    with slurm_cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running
