#!/bin/sh
# Submits a job and prints its id.
set -eu
rule=$1 threads=$2 mem_mb=$3 minutes=$4 gpus=$5 script=$6
logs=.snakemake/scheduler_logs
mkdir -p "$logs"
exec qsub -N "$rule" -j oe -o "$logs/" \
    -l "select=1:ncpus=$threads:mem=${mem_mb}mb:ngpus=$gpus" \
    -l "walltime=$((minutes / 60)):$((minutes % 60)):00" \
    "$script"
