"""What labels look like, with a preview while they are changed; and printers that are a little off."""

import uuid
from decimal import Decimal
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from ledger_web.domain.errors import ConflictError, NotFoundError, RuleViolationError
from ledger_web.domain.label_drawing import DrawnLabel, draw_label
from ledger_web.domain.labels import (
    PAPERS,
    RULER,
    RULER_LENGTH,
    TEMPLATES,
    Paper,
    Template,
    paper_troubles,
)
from ledger_web.domain.languages import gettext
from ledger_web.domain.permissions import LABEL_PRICE, LABEL_PRINT, LABEL_TEMPLATE_EDIT
from ledger_web.error_pages import status_of
from ledger_web.filters import shop_today
from ledger_web.forms.labels import (
    PrinterForm,
    PutAwayForm,
    TemplateForm,
    TemplateMeasuresForm,
    printer_values,
    template_values,
)
from ledger_web.identity import may, new_act, permission_required
from ledger_web.label_sheets import content_of, is_rtl
from ledger_web.queries import labels as queries
from ledger_web.queries.labels import LabelRow
from ledger_web.rendering import redirect_to, render, say, wants_fragment
from ledger_web.services import label_templates as services

blueprint = Blueprint("label_templates", __name__, url_prefix="/labels/templates")

EDIT = "label_templates/edit.html"
FORM = "label_templates/_template_form.html"
PREVIEW = "label_templates/_label_preview.html"
# Shown where the shop has no product with a code yet.
SAMPLE = LabelRow(
    line_id=uuid.UUID(int=0),
    product_id=uuid.UUID(int=0),
    unit_id=None,
    name="Basmati rice, extra long, first quality 5 kg",
    variant="Red · Large",
    sku="RICE-5",
    unit="pcs",
    unit_price=1_250_00,
    old_price=1_400_00,
    has_tax_on_top=False,
    code="5901234123457",
    symbology="ean13",
    copies=1,
)


@blueprint.get("/")
@permission_required(LABEL_PRINT)
def index() -> ResponseReturnValue:
    return _show()


@blueprint.get("/new")
@permission_required(LABEL_TEMPLATE_EDIT)
def new() -> ResponseReturnValue:
    """Begin with a template that there is."""
    based_on = queries.find_template(g.tenant.id, request.args.get("based_on", "L7160"))
    if based_on is None:
        raise NotFoundError("There is no such label template in this shop.")
    return _show_form(TemplateForm(data=template_values(based_on) | {"name": ""}))


@blueprint.post("/")
@permission_required(LABEL_TEMPLATE_EDIT)
def create() -> ResponseReturnValue:
    form = TemplateForm(request.form)
    if not form.validate():
        return _show_form(form, 422)
    try:
        services.save_template(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_form(form, status_of(refusal), trouble=refusal.message)
    say(gettext("%(data)s can be printed on now.", data=form.name.data))
    return redirect_to(".index")


@blueprint.get("/<uuid:template_id>/edit")
@permission_required(LABEL_TEMPLATE_EDIT)
def edit(template_id: uuid.UUID) -> ResponseReturnValue:
    return _show_form(TemplateForm(data=template_values(_template(template_id))), template_id=template_id)


@blueprint.post("/<uuid:template_id>")
@permission_required(LABEL_TEMPLATE_EDIT)
def update(template_id: uuid.UUID) -> ResponseReturnValue:
    _template(template_id)
    form = TemplateForm(request.form)
    if not form.validate():
        return _show_form(form, 422, template_id=template_id)
    try:
        services.save_template(form.to_command(template_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_form(form, status_of(refusal), trouble=refusal.message, template_id=template_id)
    say(gettext("%(data)s was saved.", data=form.name.data))
    return redirect_to(".index")


@blueprint.post("/<uuid:template_id>/archive")
@permission_required(LABEL_TEMPLATE_EDIT)
def archive(template_id: uuid.UUID) -> ResponseReturnValue:
    form = PutAwayForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.put_template_away(form.to_command(template_id), new_act())
    say("The template was put away.")
    return redirect_to(".index")


@blueprint.get("/preview")
@permission_required(LABEL_TEMPLATE_EDIT)
def preview() -> ResponseReturnValue:
    """Draw the label that a form describes, while it is filled in."""
    if not wants_fragment():
        return redirect_to(".index")
    form = TemplateMeasuresForm(request.args)
    form.validate()
    return render(PREVIEW, PREVIEW, **_previewed(form))


@blueprint.post("/printers")
@permission_required(LABEL_TEMPLATE_EDIT)
def create_printer() -> ResponseReturnValue:
    form = PrinterForm(request.form)
    if not form.validate():
        return _show(422, printer_form=form)
    try:
        services.save_printer(form.to_command(), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show(status_of(refusal), printer_form=form, trouble=refusal.message)
    say(gettext("%(data)s is put right from now on. Print its ruler page to see.", data=form.name.data))
    return redirect_to(".index")


@blueprint.get("/printers/<uuid:printer_id>/edit")
@permission_required(LABEL_TEMPLATE_EDIT)
def edit_printer(printer_id: uuid.UUID) -> ResponseReturnValue:
    row = _printer(printer_id)
    return _show_printer(PrinterForm(data=printer_values(row.name, row.printer, row.version)), row)


@blueprint.post("/printers/<uuid:printer_id>")
@permission_required(LABEL_TEMPLATE_EDIT)
def update_printer(printer_id: uuid.UUID) -> ResponseReturnValue:
    row = _printer(printer_id)
    form = PrinterForm(request.form)
    if not form.validate():
        return _show_printer(form, row, 422)
    try:
        services.save_printer(form.to_command(printer_id), new_act())
    except (RuleViolationError, ConflictError) as refusal:
        return _show_printer(form, row, status_of(refusal), trouble=refusal.message)
    say(gettext("%(data)s was saved.", data=form.name.data))
    return redirect_to(".index")


@blueprint.post("/printers/<uuid:printer_id>/archive")
@permission_required(LABEL_TEMPLATE_EDIT)
def archive_printer(printer_id: uuid.UUID) -> ResponseReturnValue:
    form = PutAwayForm(request.form)
    if not form.validate():
        return _show(422, trouble=" ".join(form.sentences))
    services.put_printer_away(form.to_command(printer_id), new_act())
    say("The printer was put away.")
    return redirect_to(".index")


@blueprint.get("/ruler/<any(A4, Letter):size>")
@permission_required(LABEL_PRINT)
def show_ruler(size: str) -> ResponseReturnValue:
    """Show a page to print and to measure: as the printer prints, or put right for one of the shop's printers."""
    chosen = request.args.get("printer", "")
    known = {str(row.id): row for row in queries.list_printers(g.tenant.id)}
    if chosen and chosen not in known:
        raise NotFoundError("There is no such printer in this shop.")
    row = known.get(chosen)
    return render(
        "label_templates/ruler.html",
        paper=_ruler_paper(size),
        size=size,
        cross=RULER,
        length=RULER_LENGTH,
        printer=row.printer if row else None,
        printer_name=row.name if row else "",
    )


def _ruler_paper(size: str) -> Paper:
    return PAPERS["L7160" if size == "A4" else "5160"]


def _template(template_id: uuid.UUID) -> Template:
    found = queries.find_template(g.tenant.id, str(template_id))
    if found is None:
        raise NotFoundError("There is no such label template in this shop.")
    return found


def _printer(printer_id: uuid.UUID) -> queries.PrinterRow:
    found = queries.find_printer(g.tenant.id, printer_id)
    if found is None:
        raise NotFoundError("There is no such printer in this shop.")
    return found


def _show(status: int = 200, *, printer_form: PrinterForm | None = None, trouble: str = "") -> ResponseReturnValue:
    own = [template for template in queries.list_templates(g.tenant.id) if template.id]
    return render(
        "label_templates/index.html",
        "",
        status,
        own=own,
        built_in=list(TEMPLATES.values()),
        printers=queries.list_printers(g.tenant.id),
        printer_form=printer_form or PrinterForm(),
        trouble=trouble,
    )


def _show_form(
    form: TemplateForm, status: int = 200, *, template_id: uuid.UUID | None = None, trouble: str = ""
) -> ResponseReturnValue:
    return render(EDIT, FORM, status, form=form, template_id=template_id, trouble=trouble, **_previewed(form))


def _show_printer(
    form: PrinterForm, row: queries.PrinterRow, status: int = 200, *, trouble: str = ""
) -> ResponseReturnValue:
    return render("label_templates/edit_printer.html", "", status, form=form, printer=row, trouble=trouble)


def _previewed(form: TemplateMeasuresForm) -> dict[str, Any]:
    """Return the label of a product of the shop as the form describes it, or what keeps it from being drawn."""
    measures = ("page_width", "page_height", "label_width", "label_height", "columns", "rows", "dpi")
    if any(form[name].errors or form[name].data is None for name in measures):
        return {"label": None, "template": None, "troubles": []}
    template = Template("preview", "", form.to_paper(), form.to_blocks())
    row = queries.find_sample_label(g.tenant.id, shop_today()) or SAMPLE
    drawn = draw_label(template, content_of(row, has_price=may(LABEL_PRICE)), rtl=is_rtl())
    return {"label": drawn, "template": template, "troubles": _troubles(template, drawn)}


def _troubles(template: Template, drawn: DrawnLabel) -> list[str]:
    troubles = paper_troubles(template.paper)
    if not template.blocks:
        troubles.append(gettext("The label is empty: give at least one block a line."))
    elif not drawn.fits:
        troubles.append(gettext("The code does not fit on this label."))
    elif drawn.is_narrow and drawn.symbol:
        share = drawn.symbol.drawn.module / Decimal("0.33")
        troubles.append(
            gettext(
                "The bars are %(share)s as wide as the standard: some scanners will not read them.",
                share=f"{share:.0%}",
            )
        )
    return troubles
