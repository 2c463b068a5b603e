"""Every act of a person leaves who did it: a transaction in the books, or an event in the audit. Promise A1."""

import ast
from pathlib import Path

from ledger_web.config import ROOT

SERVICES = sorted((ROOT / "ledger_web" / "services").glob("*.py"))
TRACES = {"audit", "is_replay", "write_price_changes"}  # prices keep a history of their own, with who and why
# Drafts, queues, counts under way: until they come to something, they are nobody's business but the person's own.
DRAFTS = {
    "carts.add_to_cart", "carts.change_cart", "carts.choose_customer", "carts.copy_to_cart", "carts.park_cart",
    "carts.recall_cart", "carts.sell_gift_card", "labels.empty_label_queue", "labels.queue_label",
    "labels.queue_products", "labels.set_copies", "product_imports.check_import", "product_imports.continue_check",
    "product_imports.upload_products", "purchase_draft_charges.add_draft_charge", "purchase_draft_lines.add_draft_line",
    "purchase_drafts.change_draft", "purchase_draft_lines.change_draft_line", "purchase_drafts.copy_purchase",
    "purchase_drafts.discard_draft", "purchase_draft_charges.remove_draft_charge",
    "purchase_draft_lines.remove_draft_line",
    "purchase_draft_rates.set_rate", "purchase_draft_charges.share_draft_charge", "purchase_drafts.start_draft",
    "purchase_parts.split_draft",
    "stock_counts.add_to_count", "stock_counts.discard_count", "stock_counts.forget_counted",
    "stock_counts.set_counted", "stock_counts.start_count",
}  # fmt: skip
# Their rows say for good who did it and when; a batch's are transactions.
SAYS_ITSELF = {
    "batches.post_many", "families.price_variants", "purchase_papers.add_paper", "receipts.print_receipt",
    "recalculation.start_recalculation", "tenants.open_shop", "vendor_prices.remove_vendor_price",
    "vendor_prices.set_vendor_price", "vendor_prices.write_proposed_prices",
}  # fmt: skip
# Of no shop, or at every request, or each second.
NO_ACT = {
    "users.touch_session", "mailing.may_be_mailed", "domains.may_ask_names", "shop_exports.note_progress",
}  # fmt: skip


def acts_of(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def is_act(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "whole_act" for each in function.decorator_list)


def leaves_something(name: str, functions: dict[str, ast.FunctionDef], seen: frozenset[str] = frozenset()) -> bool:
    """Say whether a function, or one of the same room that it calls, writes an event or a transaction's header."""
    for node in ast.walk(functions[name]):
        called = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if called in TRACES:
            return True
        if called in functions and called not in seen | {name} and leaves_something(called, functions, seen | {name}):
            return True
    return False


def test_a1_every_act_leaves_an_event_or_a_transaction() -> None:
    silent, told = set(), 0
    for path in SERVICES:
        functions = acts_of(path)
        for name in (name for name, function in functions.items() if is_act(function)):
            if leaves_something(name, functions):
                told += 1
            else:
                silent.add(f"{path.stem}.{name}")

    assert told > 50
    assert silent <= DRAFTS | SAYS_ITSELF | NO_ACT
