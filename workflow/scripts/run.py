"""The one script of the workflow: calls the function that the rule's params name."""

from robust_mer.runner import run

run(snakemake)
