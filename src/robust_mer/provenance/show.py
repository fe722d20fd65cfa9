"""The verdict of `verify` as text for a terminal."""

from robust_mer.provenance.verify import Problem, Verdict

_SHOWN = 12  # problems of one kind


def as_text(verdict: Verdict) -> str:
    """A table of the results, the problems by kind, each with its fix, and remarks."""
    lines = [f"{'rule':<24}{'jobs':>7}{'files':>9}{'MB':>11}"]
    lines += [
        f"{row.rule:<24}{row.jobs:>7}{row.files:>9}{row.bytes / 1e6:>11.1f}"
        for row in verdict.rules
    ]
    by_kind: dict[str, list[Problem]] = {}
    for problem in verdict.problems:
        by_kind.setdefault(problem.kind, []).append(problem)
    for kind, problems in by_kind.items():
        lines += ["", f"{kind}: {len(problems)}"]
        for problem in problems[:_SHOWN]:
            lines += [f"  {problem.path}: {problem.what}", f"    to fix: {problem.remedy}"]
        if len(problems) > _SHOWN:
            lines.append(f"  and {len(problems) - _SHOWN} more (--json lists all)")
    if verdict.remarks:
        lines += ["", "remarks:", *(f"  {remark}" for remark in verdict.remarks)]
    jobs, files = (sum(getattr(r, key) for r in verdict.rules) for key in ("jobs", "files"))
    method = "by size and time" if verdict.quick else "by content"
    lines += [
        "",
        f"{len(verdict.problems)} problem{'s' if len(verdict.problems) > 1 else ''}"
        if verdict.problems
        else f"{files} files of {jobs} jobs belong together, {method}",
    ]
    return "\n".join(map(_printable, lines))


def _printable(line: str) -> str:
    """A line without control characters: records and file names may contain any character."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line
    )
