# Shared by all rules: the plan of the run, which provides inputs and parameters.
import gc
import os
import re
import sys
from pathlib import Path

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import SharedFSUsage
from snakemake.utils import min_version, update_config

min_version("9.27")

# The folder of this workflow, also if another repository imports it as a module.
HOME = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]

if not (HOME / "src").is_dir():
    raise WorkflowError(f"{HOME}: a workflow can import robust-mer only from a clone on this disk")
sys.path.insert(0, str(HOME / "src"))
sys.path.append(os.getcwd())  # a user's own modules

from robust_mer.garbage import collect_rarely

gc.freeze()  # what Snakemake has imported stays
collect_rarely()

from robust_mer.errors import InputError
from robust_mer.jobs import prepare_jobs
from robust_mer.plan.config_files import check_config_files
from robust_mer.plan.devices import has_gpu
from robust_mer.plan.ending import ending
from robust_mer.plan.grid import choosing_rules, training_rules
from robust_mer.plan.layout import ALIGNED, IMPORTED, resampled
from robust_mer.plan.plan import Plan
from robust_mer.plan.recorded import extraction_messages
from robust_mer.plan.rules import Rules
from robust_mer.plan.startup import (
    changed_media_messages,
    check_device,
    check_files,
    check_made,
)
from robust_mer.plan.targets import Targets
from robust_mer.provenance.discard import discard
from robust_mer.remembered import keep
from robust_mer.runs import begin_run, report_killed

# Relative paths, which stay valid when the project is moved.
PUBLISHED = os.path.relpath(HOME / "resources/published")

# The config of an importing workflow overrides the default one key by key, as --configfile does.
if workflow.modifier.skip_configfile:
    imported, config = config, load_configfile(str(HOME / "config.yaml"))
    update_config(config, imported)

try:
    check_config_files(workflow.configfiles)
    plan = Plan(
        config,
        results=workflow.pathvars.apply("<results>"),
        published=PUBLISHED,
        # The nodes of a cluster may have GPUs that this machine lacks.
        has_gpu=lambda: not workflow.local_exec or has_gpu(),
    )
except InputError as error:
    raise WorkflowError(str(error))


container: plan.config.container


layout = plan.layout
jobs = Rules(plan, local)
targets = Targets(plan)

prepare_jobs(plan.config.gpu.jobs_per_gpu)

# Corruptions of recordings and of features share the same folders.
RAW_NAME = rf"({'|'.join(plan.corruptions.raw_kinds) or '-'})_-?[0-9.]+(to-?[0-9.]+)?(dB|%|px|ms)"
DRAW = "draw[0-9]+"  # folder of a draw of corrupted recordings; draw 1 has none of its own


wildcard_constraints:
    corpus="[^/]+",
    extractor=f"(?!{IMPORTED})[^/@]+",
    extracted=rf"(corrupted/{RAW_NAME}(/{DRAW})?/)?features",
    rate=r"[0-9.]+",
    modality="[a-z]+",
    model="[^/]+",
    corruption=f"(?!{RAW_NAME}(/|$))[^/]+",
    raw=RAW_NAME,
    trained_on="[^/]+",
    tested_on="[^/]+",
    replica=r"fold\d+_seed\d+",
    experiment="|".join(map(re.escape, plan.grid.experiments)),
    figure="|".join(map(re.escape, plan.report.generic_figures)) or "-",
    column="|".join(plan.split_columns) or "-",


def start_run():
    try:
        remade = {
            (
                job.rule.name,
                job.wildcards.get("corpus"),
                job.wildcards.get("extractor") or job.wildcards.get("modality"),
            )
            for job in workflow.dag.needrun_jobs()
        }
        # Elsewhere, jobs may have other files: in a pod, an image, a conda environment.
        shared = workflow.storage_settings.shared_fs_usage
        if SharedFSUsage.SOFTWARE_DEPLOYMENT in shared and not (
            workflow.deployment_settings.deployment_method
        ):
            check_files(plan, remade)
        check_made(plan, remade)
        if workflow.local_exec:
            check_device(plan, remade)
        begin_run(layout.results, plan.portable)
    except InputError as error:
        raise WorkflowError(str(error))
    keep()


def end_run():
    if any(job.rule.name == "write_report" for job in workflow.dag.jobs):
        print(*ending(plan), sep="\n")


if workflow.is_main_process:  # not in the jobs of a cluster
    for message in [*changed_media_messages(plan), *extraction_messages(plan)]:
        print(message, file=sys.stderr)
