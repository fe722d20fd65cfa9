"""``robust-mer completion``: a script with which a shell completes commands and options."""

import argparse

_BASH = """\
_robust_mer() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" words=""
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    fi
    COMPREPLY=( $(compgen -W "$words" -- "$word") )
}}
complete -o default -F _robust_mer robust-mer
"""
_HEADS = {"bash": "", "zsh": "autoload -U +X bashcompinit && bashcompinit\n"}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "completion", help="print a script with which a shell completes commands and options"
    )
    parser.add_argument("shell", choices=sorted(_HEADS))
    parser.set_defaults(run=lambda arguments: print(_script(arguments.shell, commands), end=""))


def _script(shell: str, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> str:
    """The script; paths are completed by the shell itself."""
    cases = "\n".join(
        f'        {name}) words="{" ".join(_words(parser))}" ;;'
        for name, parser in commands.choices.items()
    )
    return _HEADS[shell] + _BASH.format(cases=cases, commands=" ".join(commands.choices))


def _words(parser: argparse.ArgumentParser) -> list[str]:
    """The options of a command, and the values among which it chooses."""
    words: list[str] = []
    for action in parser._actions:
        words += action.option_strings or list(action.choices or [])
    return words
