# What the target rules ask for, and what a run does before its first job.


def start_run():
    try:
        begin_run(RESULTS)
    except InputError as error:
        raise WorkflowError(str(error))


def index_files():
    return [
        f"{RESULTS}/{corpus}/{table}.csv"
        for corpus in settings.corpora
        for table in ("utterances", "folds")
    ]


def feature_files():
    files = {path for corpus in settings.corpora for path in features_of(corpus)}
    return sorted(files) + [f"{RESULTS}/{corpus}/features.csv" for corpus in settings.corpora]


def schedule_files():
    return sorted(
        {path for e in settings.experiments.values() for path in schedules_of(e).values()}
    )


def checkpoint_files():
    return sorted(
        path
        for job in settings.training_jobs
        for path in replica_files(job.corpus, job.model, job.trained_on, job.replicas)
    )


def exported_files():
    """Model folders of all replicas of the run, by the file that describes them."""
    description = f"{EXPORTED}/model.json"
    return sorted(
        description.format(
            corpus=job.corpus,
            model=job.model,
            trained_on=job.trained_on,
            replica=replica_name(fold, seed),
        )
        for job in settings.training_jobs
        for fold, seed in job.replicas
    )


def exported_feature_files():
    """Trees of corrupted features, one a corpus, corruption and fold of the run."""
    return sorted(
        {
            f"{RESULTS}/{experiment.corpus}/exported_features/{corruption}/fold{fold}/README.md"
            for experiment in settings.experiments.values()
            for _, _, corruption in settings.evaluations(experiment)
            if not settings.raw(corruption)
            for fold in experiment.folds
        }
    )
