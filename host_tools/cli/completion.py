"""`fob completion`: the script by which a shell completes commands, boards and ports."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets your shell complete commands, options, boards and ports.

    \b
    bash   fob completion bash > ~/.local/share/bash-completion/completions/fob
    zsh    fob completion zsh > a file `_fob` in a folder of your $fpath
    fish   fob completion fish > ~/.config/fish/completions/fob.fish

    Then open a new shell. `fob` must be on the PATH.

    \b
    Example:
      source <(fob completion bash)
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(root.command, {}, "fob", "_FOB_COMPLETE").source())
