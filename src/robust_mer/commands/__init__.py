"""The commands of ``robust-mer``, a module each: `add` describes the arguments, `_run` runs it."""
