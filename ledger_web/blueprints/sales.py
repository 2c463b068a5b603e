"""Sales that were made: the list, one of them, and its receipt."""

import uuid
from typing import Final

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ledger_web import mail
from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError, TooManyAttemptsError
from ledger_web.domain.languages import gettext, gettext_noop
from ledger_web.domain.permissions import SALE_REPRINT, SALE_VIEW
from ledger_web.domain.sheets import Row, amount_cell
from ledger_web.downloads import download
from ledger_web.error_pages import status_of
from ledger_web.filters import as_the_shop
from ledger_web.forms.receipts import MailForm, PdfForm, PrintForm, ReceiptForm
from ledger_web.forms.sales_list import SalesListForm
from ledger_web.identity import may, new_act, permission_required
from ledger_web.queries import sales as queries
from ledger_web.queries.drawers import list_drawers
from ledger_web.queries.receipts import Receipt, get_receipt, last_paper
from ledger_web.queries.sale_returns import list_returns_of
from ledger_web.queries.sales_list import SaleRow, list_for_file, list_sales
from ledger_web.queries.transactions import list_people
from ledger_web.receipt_pdf import receipt_pdf
from ledger_web.rendering import redirect_to, render, say
from ledger_web.services.receipts import print_receipt
from ledger_web.services.sale_states import look_at_sale

blueprint = Blueprint("sales", __name__, url_prefix="/sales")

_HEADER: Final = (
    gettext_noop("Number"),
    gettext_noop("Day"),
    gettext_noop("Drawer"),
    gettext_noop("Customer"),
    gettext_noop("Cashier"),
    gettext_noop("Currency"),
    gettext_noop("Total"),
    gettext_noop("Tax"),
    gettext_noop("On account"),
    gettext_noop("Came back"),
    gettext_noop("Net"),
    gettext_noop("State"),
)


@blueprint.get("/")
@permission_required(SALE_VIEW)
def index() -> ResponseReturnValue:
    form = _list_form()
    if not form.validate():
        return render("sales/index.html", "sales/_sales_list.html", 422, form=form, sales=None, older="")
    page = list_sales(g.tenant.id, form.to_asked(), older_than=form.older_than)
    older = ""
    if page.older_than:
        before_day, before = page.older_than
        older = url_for("sales.index", **form.in_address, before_day=before_day, before=before)
    return render("sales/index.html", "sales/_sales_list.html", form=form, sales=page, older=older)


@blueprint.get("/list.<any(csv, xlsx):ending>")
@permission_required(SALE_VIEW)
def download_list(ending: str) -> ResponseReturnValue:
    form = _list_form()
    if not form.validate():
        raise NotFoundError("There is no such list of sales. Ask for it from the list.")
    rows = list_for_file(g.tenant.id, form.to_asked())
    return download(
        f"sales-{form.meta.today}", ending, [[gettext(each) for each in _HEADER], *(_row(sale) for sale in rows)]
    )


@blueprint.get("/<uuid:sale_id>")
@permission_required(SALE_VIEW)
def show(sale_id: uuid.UUID) -> ResponseReturnValue:
    held = look_at_sale(sale_id, new_act())
    return render(
        "sales/show.html",
        sale=queries.get_sale(g.tenant.id, sale_id),
        returns=list_returns_of(g.tenant.id, sale_id),
        fate=held.fate,
        is_own=held.cashier_id == g.identity.user_id,
    )


@blueprint.get("/<uuid:sale_id>/receipt")
@permission_required(SALE_VIEW)
def receipt(sale_id: uuid.UUID) -> ResponseReturnValue:
    asked = ReceiptForm(request.args)
    if not asked.validate():
        raise NotFoundError("There is no such paper. Choose one of those the receipt offers.")
    return _show_receipt(sale_id, PrintForm(), asked.paper.data or "", print_id=asked.print.data)


@blueprint.post("/<uuid:sale_id>/prints")
@permission_required(SALE_VIEW)
def create_print(sale_id: uuid.UUID) -> ResponseReturnValue:
    form = PrintForm(request.form)
    if not form.validate():
        return _show_receipt(sale_id, form, "", status=422)
    command = form.to_command(sale_id, may_copy=may(SALE_REPRINT))
    try:
        printed = print_receipt(command, new_act())
    except (RuleViolationError, ConflictError) as error:
        return _show_receipt(sale_id, form, form.paper.data, status=status_of(error), trouble=error.message)
    endpoint = "sales.receipt_file" if form.as_pdf.data else "sales.receipt"
    return redirect_to(endpoint, sale_id=sale_id, paper=form.paper.data, print=printed.id)


@blueprint.get("/<uuid:sale_id>/receipt.pdf")
@permission_required(SALE_VIEW)
def receipt_file(sale_id: uuid.UUID) -> ResponseReturnValue:
    """A print that was just counted, as a file."""
    asked = PdfForm(request.args)
    shown = get_receipt(g.tenant.id, sale_id, print_id=asked.print.data) if asked.validate() else None
    if shown is None or not shown.is_counted:
        raise NotFoundError("There is no such print. Ask for the PDF from the receipt.")
    answer = Response(receipt_pdf(shown, asked.paper.data), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="receipt-{shown.sale.number}.pdf"'
    return answer


@blueprint.post("/<uuid:sale_id>/mails")
@permission_required(SALE_VIEW)
def create_mail(sale_id: uuid.UUID) -> ResponseReturnValue:
    """Count the receipt that is sent like any other print, then send it as a PDF."""
    form = MailForm(request.form)
    if not mail.is_configured():
        raise NotFoundError("This system sends no e-mail: whoever looks after it has set no SMTP server.")
    if not form.validate():
        return _show_receipt(sale_id, PrintForm(), "", status=422, trouble=form.sentences[0], mail_form=form)
    command = form.to_command(sale_id, mail.of_shop(form.address.data), may_copy=may(SALE_REPRINT))
    try:
        printed = print_receipt(command, new_act())
        if not printed.replayed:
            _send(get_receipt(g.tenant.id, sale_id, print_id=printed.id), form.address.data)
    except (RuleViolationError, ConflictError, TooManyAttemptsError, mail.MailNotSentError) as error:
        status = 422 if isinstance(error, mail.MailNotSentError) else status_of(error)
        fresh = MailForm(address=form.address.data)
        return _show_receipt(sale_id, PrintForm(), "", status=status, trouble=error.message, mail_form=fresh)
    say(gettext("The receipt was sent to %(data)s.", data=form.address.data))
    return redirect_to("sales.receipt", sale_id=sale_id)


def _send(receipt: Receipt, address: str) -> None:
    """Send a receipt to a customer, in the shop's language."""
    number = receipt.sale.number
    attachment = (f"receipt-{number}.pdf", receipt_pdf(receipt, "a5"))
    with as_the_shop():
        subject = gettext("Receipt %(number)s", number=number)
        text = render_template("sales/receipt_mail.txt", receipt=receipt, sale=receipt.sale)
    mail.send(address, subject, text, sender_name=g.tenant.name, attachment=attachment)


def _show_receipt(
    sale_id: uuid.UUID,
    form: PrintForm,
    paper: str,
    *,
    print_id: uuid.UUID | None = None,
    status: int = 200,
    trouble: str = "",
    mail_form: MailForm | None = None,
) -> ResponseReturnValue:
    form.paper.data = paper or last_paper(g.tenant.id, sale_id)
    shown = get_receipt(g.tenant.id, sale_id, print_id=print_id)
    return render(
        "sales/receipt.html",
        status=status,
        receipt=shown,
        sale=shown.sale,
        form=form,
        mail_form=(mail_form or MailForm()) if mail.is_configured() else None,
        trouble=trouble,
    )


def _list_form() -> SalesListForm:
    form = SalesListForm(request.args)
    form.drawer.choices = [("", gettext("All")), *((each.id, each.name) for each in list_drawers(g.tenant.id))]
    form.cashier.choices = [("", gettext("Everyone")), *((each.id, each.name) for each in list_people(g.tenant.id))]
    return form


def _row(sale: SaleRow) -> Row:
    """Return a sale as a line of a file: its figures are numbers, in the order of _HEADER."""
    amounts = (sale.total, sale.tax_total, sale.on_account, sale.returned_total, sale.net)
    return [
        sale.number,
        sale.sold_on,
        sale.drawer,
        sale.customer or "",
        sale.cashier or "",
        sale.currency,
        *(amount_cell(amount, sale.currency) for amount in amounts),
        sale.state,
    ]
