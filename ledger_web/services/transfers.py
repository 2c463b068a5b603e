"""Moves of the shop's own money: to the bank or the safe, between drawers, from one currency into another."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.exchange import Exchanged, exchanged
from ledger_web.domain.journal import Entry, exchange
from ledger_web.domain.places import Place, drawer_place
from ledger_web.services.effects import balance_effects
from ledger_web.services.places import money_at
from ledger_web.services.reversals import BalanceEffect
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class TransferMoney:
    """Move money of one currency from one place to another."""

    id: uuid.UUID
    source: Place
    target: Place
    currency: str
    amount: int  # minor units, > 0
    memo: str = ""
    occurred_on: dt.date | None = None  # None: today in the shop's time zone

    @property
    def kind(self) -> str:
        """A drop is what goes from a drawer to the bank."""
        return "drop" if (self.source.kind, self.target.kind) == ("cash", "bank") else "transfer"


@dataclass(frozen=True, kw_only=True)
class ExchangeMoney:
    """Change money of one currency in a drawer into another: both amounts, or one of them and a rate."""

    id: uuid.UUID
    drawer_id: uuid.UUID
    out_currency: str
    out_amount: int | None  # minor units, > 0
    in_currency: str
    in_amount: int | None
    rate: Decimal | None = None  # one rate_unit is so much of the other currency
    rate_unit: str | None = None
    memo: str = ""
    occurred_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What a move will do to the balances of both places; at which rate, where it changes the currency."""

    balances: list[BalanceEffect]
    exchange: Exchanged | None = None


@whole_act
def transfer_money(command: TransferMoney, uow: UnitOfWork) -> Recorded:
    """Move money between drawers and bank accounts.

    Raises:
        NotFoundError: The shop has no such drawer or bank account.
        InsufficientFundsError: There is not so much of this currency in the drawer.
        RuleViolationError: Both places are the same, one is no longer in use, or a bank keeps another currency.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind=command.kind, occurred_on=command.occurred_on, memo=command.memo):
            return Recorded(command.id, replayed=True)
        uow.post(_transfer_entries(uow, command))
    return Recorded(command.id)


def preview_transfer(command: TransferMoney, uow: UnitOfWork) -> MovePreview:
    """Say what a transfer will do. Writes and locks nothing. Raises what only the balances do not refuse."""
    with uow:
        return MovePreview(balance_effects(uow, _transfer_entries(uow, command)))


@whole_act
def exchange_money(command: ExchangeMoney, uow: UnitOfWork) -> Recorded:
    """Change money in a drawer, through the exchange accounts: each currency balances by itself.

    Raises:
        NotFoundError: The shop has no such drawer.
        InsufficientFundsError: There is not so much of the currency that goes out.
        RuleViolationError: The drawer is no longer in use, or amounts and rate contradict each other.
    """
    with uow:
        if uow.is_replay(command, id=command.id, kind="exchange", occurred_on=command.occurred_on, memo=_said(command)):
            return Recorded(command.id, replayed=True)
        uow.post(_exchange_entries(uow, command, _exchanged(command)))
    return Recorded(command.id)


def preview_exchange(command: ExchangeMoney, uow: UnitOfWork) -> MovePreview:
    """Say what an exchange will do. Writes and locks nothing. Raises what only the balances do not refuse."""
    frozen = _exchanged(command)
    with uow:
        return MovePreview(balance_effects(uow, _exchange_entries(uow, command, frozen)), frozen)


def _transfer_entries(uow: UnitOfWork, command: TransferMoney) -> list[Entry]:
    if command.source == command.target:
        raise RuleViolationError("The money is to go where it comes from. Choose two different places.")
    source = money_at(uow, command.source, command.currency)
    target = money_at(uow, command.target, command.currency)
    return [Entry(debit=target, credit=source, amount=command.amount)]


def _exchanged(command: ExchangeMoney) -> Exchanged:
    if command.out_currency == command.in_currency:
        raise RuleViolationError("Both currencies are the same. Choose two different ones.")
    return exchanged(
        command.out_currency,
        command.out_amount,
        command.in_currency,
        command.in_amount,
        command.rate,
        command.rate_unit,
    )


def _said(command: ExchangeMoney) -> str:
    """The rate belongs to what happened, so it stands in the memo, in words."""
    return " · ".join(filter(None, [command.memo, _exchanged(command).rate.in_words()]))


def _exchange_entries(uow: UnitOfWork, command: ExchangeMoney, frozen: Exchanged) -> list[Entry]:
    place = drawer_place(command.drawer_id)
    out = money_at(uow, place, command.out_currency)
    into = money_at(uow, place, command.in_currency)
    return [
        Entry(debit=exchange(command.out_currency), credit=out, amount=frozen.amount),
        Entry(debit=into, credit=exchange(command.in_currency), amount=frozen.other_amount),
    ]
