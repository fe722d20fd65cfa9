"""Nothing in the source runs code of a file, reaches a shell, or follows a file elsewhere."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for top in ("src", "workflow")
    for path in (ROOT / top).rglob("*")
    if path.suffix in (".py", ".smk")
)
# What unpickles, evaluates, or hands a text to a shell, whatever its arguments.
NEVER = {
    "yaml.load",
    "yaml.load_all",
    "yaml.unsafe_load",
    "yaml.full_load",
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "marshal.load",
    "marshal.loads",
    "shelve.open",
    "joblib.load",
    "pd.read_pickle",
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "eval",
    "exec",
    "compile",
    "shell",
    "tarfile.open",
    "zipfile.ZipFile",
    "shutil.unpack_archive",
    "KeyedVectors.load",
}
# What is safe with an argument that must stand there.
ONLY_WITH = {
    "torch.load": ("weights_only", True),
    "np.load": ("allow_pickle", False),
    "AutoModel.from_pretrained": ("weights_only", True),
}
# Files that others made go through robust_mer.hdf5, which refuses links to other files. The rest is
# written, or read again, by the package itself; mini_xception's weights come from a package.
MAY_OPEN_HDF5 = {"hdf5.py", "shards.py", "mini_xception_net.py"}


def calls(path):
    """(name as written, call) of the calls in a file; Snakefiles are cut to their Python blocks."""
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_call_that_a_file_could_abuse(path):
    found = calls(path)
    if found is None:  # rules: every one runs a script, none a shell line
        text = path.read_text(encoding="utf-8")
        for word in ("shell:", "shell(", "os.system", "subprocess", "yaml.load", "pickle", "eval("):
            assert word not in text, word
        return
    for name, call in found:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        assert name not in NEVER, f"line {call.lineno}: {name}"
        assert "shell" not in keywords, f"line {call.lineno}: {name} with shell="
        if name in ONLY_WITH:
            key, value = ONLY_WITH[name]
            assert key in keywords, f"line {call.lineno}: {name} without {key}"
            assert ast.literal_eval(keywords[key]) is value
        if name == "h5py.File" and path.name not in MAY_OPEN_HDF5:
            mode = ast.literal_eval(call.args[1]) if len(call.args) > 1 else "r"
            assert mode in ("w", "a"), f"line {call.lineno}: open_hdf5 refuses links to other files"


def test_the_search_finds_what_it_looks_for(tmp_path):
    for line in ("yaml.load(x)", "np.load(x)", "run(x, shell=True)", "h5py.File(x)", "eval(x)"):
        path = tmp_path / "x.py"
        path.write_text(line)
        with pytest.raises(AssertionError):
            test_no_call_that_a_file_could_abuse(path)
    path.write_text("np.load(x, allow_pickle=False); yaml.safe_load(x); h5py.File(x, 'w')")
    test_no_call_that_a_file_could_abuse(path)
