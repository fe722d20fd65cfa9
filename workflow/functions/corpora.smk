# What the rules of corpora.smk ask: a corpus' reader, its own tables, what changed on disk.


def reader_of(corpus):
    return Plugin(**settings.reader(corpus)).build(Path(corpus_root(corpus)))


def reader_tables(wildcards):
    """The corpus' own tables: labels, transcripts, a manifest. A generated corpus brings them."""
    if settings.generator(wildcards.corpus):
        return []
    return of_corpus(reader_of(wildcards.corpus).tables())


def warn_of_changed_media():
    """Say which recordings are no longer what the index saw; that alone reruns nothing."""
    for corpus in settings.corpora:
        media = f"{RESULTS}/{corpus}/media.csv"
        changed = changed_media(media, corpus_root(corpus)) if os.path.exists(media) else []
        if changed:
            print(
                f"{corpus}: {len(changed)} recordings are not what the index saw, the first: "
                f"{changed[0]}. To take them in: snakemake --forcerun index_corpus "
                f"extract_features ...",
                file=sys.stderr,
            )


if workflow.is_main_process:  # not in the jobs of a cluster
    warn_of_changed_media()


def raw_corpus(wildcards):
    """A generated corpus is made first; real recordings are no inputs (touching one reruns nothing)."""
    return corpus_root(wildcards.corpus) if settings.generator(wildcards.corpus) else []


def generator_params(wildcards):
    generator = settings.generator(wildcards.corpus)
    if generator is None:
        raise InputError(f"{wildcards.corpus} is not a generated corpus")
    return generator


def generator_code(wildcards):
    return code_identity(generator_params(wildcards)["implementation"])


def reader_params(wildcards):
    return settings.reader(wildcards.corpus)


def index_code(wildcards):
    return code_identity(
        "robust_mer.corpora.index", settings.reader(wildcards.corpus)["implementation"]
    )


def words_params(wildcards):
    return settings.words(wildcards.corpus)


def word_tables(wildcards):
    """The corpus' own tables of word times. A generated corpus brings them."""
    if settings.generator(wildcards.corpus):
        return []
    return of_corpus(reader_of(wildcards.corpus).word_tables())


def words_code(wildcards):
    return code_identity(
        "robust_mer.corpora.words", settings.words(wildcards.corpus)["implementation"]
    )


def fold_params(wildcards):
    return settings.corpus(wildcards.corpus)["folds"]
