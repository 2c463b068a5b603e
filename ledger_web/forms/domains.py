"""Names of a shop's own: adding one, asking for its proof, giving it up."""

import uuid

from ledger_web.forms.base import LedgerForm
from ledger_web.forms.fields import TextField
from ledger_web.services.domains import ClaimDomain, ReleaseDomain


class DomainForm(LedgerForm):
    """A name under which the shop shall be reached."""

    host = TextField(
        "Domain", max_length=240, identifier=True, render_kw={"autocapitalize": "none", "spellcheck": "false"}
    )

    def to_command(self, base_domain: str) -> ClaimDomain:
        return ClaimDomain(id=self.op_id.data, host=self.host.data, base_domain=base_domain)


class DomainActForm(LedgerForm):
    """A button beside a name."""

    def to_release(self, claim_id: uuid.UUID) -> ReleaseDomain:
        return ReleaseDomain(op_id=self.op_id.data, claim_id=claim_id)
