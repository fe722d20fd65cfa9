#!/bin/sh
# Prints the state of a job: running, success or failed.
if ! job=$(qstat -x -f "$1" 2>&1); then
    case $job in
        *"Unknown Job"* | *[Hh]istory*) echo failed ;;
        *) echo running ;; # the scheduler did not answer; Snakemake asks again
    esac
    exit
fi
if ! printf '%s\n' "$job" | grep -q 'job_state = F'; then
    echo running # or queued
elif printf '%s\n' "$job" | grep -q 'Exit_status = 0$'; then
    echo success
else
    echo failed
fi
