"""Tables of an experiment's results, a module each; `registry` has them by name."""
