"""The JSON schema of the config, for editors that complete keys and mark mistakes.

python -m robust_mer.plan.schema > workflow/schemas/config.schema.json
"""

import json
from typing import Any

from robust_mer.plan.config import Config


def schema() -> dict[str, Any]:
    """The schema of `robust_mer.plan.config.Config`, with field docstrings as descriptions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(by_alias=True),
        "title": "Config of robust-mer",
    }


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
