"""`isolation check`: an operator tries the walls between shops on a live system."""

import json

import click
from sqlalchemy.exc import SQLAlchemyError

from ledger_web.commands.shops import shops_at
from ledger_web.services.isolation_trials import try_isolation

HELD, LEAKS, COULD_NOT_FINISH = 0, 1, 3
SHOPS_MAX = 5  # each tried against the next


@click.group()
def isolation() -> None:
    """Try the walls between the shops."""


@isolation.command("check")
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Try to read and to write across shops, as the application's role. Everything tried is taken back.

    Exit code: 0 every wall held, 1 one did not, 3 could not finish.
    """
    try:
        shops = [shop.tenant_id for shop in shops_at(None)][:SHOPS_MAX]
        trials = try_isolation(shops)
    except SQLAlchemyError as error:
        click.echo(f"Could not finish. {error}", err=True)
        context.exit(COULD_NOT_FINISH)
    leaks = [trial for trial in trials if not trial.held]
    if as_json:
        told = {
            "tried": len(trials),
            "leaks": [{"relation": t.relation, "tried": t.tried, "answer": t.answer} for t in leaks],
        }
        click.echo(json.dumps(told, indent=2))
    else:
        lines = [f"{trial.relation}: {trial.tried}: {trial.answer}" for trial in leaks]
        missing = "" if len(shops) > 1 else " There is only one shop: nothing could be asked of a neighbour."
        click.echo("\n".join([*lines, f"{len(trials)} trials, {len(leaks)} leaks.{missing}"]))
    context.exit(LEAKS if leaks else HELD)
