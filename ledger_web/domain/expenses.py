"""What the shop spends: the money it pays out of a drawer, and the goods it does not sell."""

from typing import Final

from ledger_web.domain.languages import Texts, gettext

# Codes of expense accounts, which stay as they are once used, and their names.
EXPENSES: Final = Texts(
    {
        "rent": "Rent",
        "utilities": "Electricity, water, phone",
        "supplies": "Supplies",
        "transport": "Transport",
        "repairs": "Repairs",
        "wages": "Wages of helpers",
        "food": "Tea and food",
        "fees": "Fees and charges",
        "other": "Something else",
    }
)
# Goods that leave stock without being sold: corrections of stock post to these, nobody pays for them.
GOODS_DIFFERENCES: Final = "stock_differences"
GOODS_SPOILED: Final = "goods_spoiled"
GOODS_USED: Final = "goods_used"
GOODS_GIVEN: Final = "goods_given"
GOODS: Final = Texts(
    {
        GOODS_DIFFERENCES: "Stock differences",
        GOODS_SPOILED: "Damaged and expired goods",
        GOODS_USED: "Goods used in the shop",
        GOODS_GIVEN: "Goods given away",
    }
)
DRAWING: Final = "owner"  # not an expense: the owner takes money for themselves


def purpose_of(code: str) -> str:
    """Return the name of a purpose; of one we do not know the code itself."""
    return gettext("For the owner") if code == DRAWING else EXPENSES.get(code, code)
