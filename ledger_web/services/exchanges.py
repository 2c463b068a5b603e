"""Exchanges: goods of a sale come back and others go out instead, in one act; only the difference is settled."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger_web.domain.errors import RuleViolationError
from ledger_web.domain.returns import CHOSEN
from ledger_web.domain.tenders import EXCHANGE, Settlement, Tendered, carried_over
from ledger_web.services.posting import Act
from ledger_web.services.sale_returns import (
    RecordReturn,
    ReturnPlan,
    ReturnPreview,
    effects_of,
    hold_sale,
    plan_return,
    take_back,
)
from ledger_web.services.sale_states import find_sale
from ledger_web.services.sales import StoreCart, look_into_cart, sell, settlement_of, take_cart
from ledger_web.services.unit_of_work import Recorded, UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class RecordExchange:
    """Take goods back, and sell what is in the cart for them."""

    back: RecordReturn
    cart: StoreCart


@dataclass(frozen=True, slots=True)
class ExchangePreview:
    """What an exchange will change. Amounts are minor units of the shop's base currency."""

    back: ReturnPreview
    total: int  # of what goes out
    settlement: Settlement | None
    trouble: str  # why what is handed over does not settle it

    @property
    def carried(self) -> int:
        return self.back.plan.refund.to_exchange

    @property
    def to_pay(self) -> int:
        return self.total - self.carried


@whole_act
def record_exchange(command: RecordExchange, uow: UnitOfWork) -> Recorded:
    """Record a return and a sale in one act. What was paid for what comes back pays for what goes out.

    Returns:
        The id of the sale; the return has the id that its command says.

    Raises:
        What `record_return` and `store_cart` raise; then nothing came back and nothing went out.
    """
    with uow:
        if uow.is_replay(command, id=command.back.id, kind="sale_return", memo=command.back.note):
            return Recorded(command.cart.id, replayed=True)
        sale, priced = take_cart(uow, command.cart)
        plan = _plan(uow, command, priced.total, lock=True)
        returned = take_back(uow, command.back, plan)
        if uow.is_replay(command, id=command.cart.id, kind="sale"):
            raise RuleViolationError("This cart was sold already. Open the exchange once more.")
        sold = sell(uow, sale, priced, _carried(uow, plan))
        uow.execute(
            """
            UPDATE sale_returns SET exchanged_for = %(sale_id)s
             WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND exchanged_for IS NULL
            """,
            {"id": command.back.id, "sale_id": command.cart.id},
        )
        uow.post(returned, of=command.back.id, in_open_shift=True)
        uow.post(sold, in_open_shift=True)
    return Recorded(command.cart.id)


def preview_exchange(command: RecordExchange, uow: UnitOfWork) -> ExchangePreview:
    """Say what an exchange will change, by the same code that does it. Writes and locks nothing.

    Raises:
        As recording it would, but for what only the balances refuse; what is handed over may be too little.
    """
    with uow:
        sale, priced = look_into_cart(uow, command.cart)
        plan = _plan(uow, command, priced.total)
        back = effects_of(uow, plan)
        try:
            settlement = settlement_of(uow, sale, priced, _carried(uow, plan))
        except RuleViolationError as error:
            return ExchangePreview(back, priced.total, None, error.message)
        return ExchangePreview(back, priced.total, settlement, "")


def _plan(act: Act, command: RecordExchange, total: int, *, lock: bool = False) -> ReturnPlan:
    if command.back.way == CHOSEN:
        raise RuleViolationError("In an exchange, what is left goes back as it was paid, or becomes store credit.")
    sale = hold_sale(act, command.back.sale_id) if lock else find_sale(act, command.back.sale_id)
    return plan_return(act, command.back, sale, carry_max=total)


def _carried(act: Act, plan: ReturnPlan) -> Sequence[Tendered]:
    """Turn what is carried over into ways to pay, each with the payment that the money first came in by."""
    known = act.execute(
        """
        SELECT id, coalesce(carried_from, id) AS origin FROM payments
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
        """,
        {"ids": [refund.paid.payment_id for refund in plan.refund.carried]},
    )
    origins = {row.id: row.origin for row in known}
    account = carried_over(plan.sale.currency)
    return [
        Tendered(EXCHANGE, account, refund.value, carried_from=origins[refund.paid.payment_id])
        for refund in plan.refund.carried
    ]
