"""What is known of somebody who is not signed in: digests of where they are and of the address they give."""

import hmac

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ledger_web.services.mailing import AskForMail, may_be_mailed
from ledger_web.services.tenants import new_tenant_id
from ledger_web.services.unit_of_work import UnitOfWork

PROOF_SECONDS = 24 * 3600


def place() -> bytes:
    """Return a digest of where a request comes from. Nobody without the secret can tell the place from it."""
    return _digest(b"sign-up", request.remote_addr or "")


def digest_of_address(address: str) -> bytes:
    """Return the digest under which an e-mail address is kept."""
    return _digest(b"mail", address.strip().casefold())


def may_write_to(address: str) -> bool:
    """Count a stranger's wish for an e-mail to an address, and say whether it may be followed."""
    asked = AskForMail(address=digest_of_address(address), place=place())
    return may_be_mailed(asked, UnitOfWork(new_tenant_id()))


def proof_of(address: str) -> str:
    """Return a word that only somebody who reads the mail of this address can show."""
    return _serializer().dumps(address)


def proven(proof: str | None) -> str | None:
    """Return the address that somebody shows a proof of, made by us within the last day; else None."""
    try:
        return str(_serializer().loads(proof or "", max_age=PROOF_SECONDS))
    except BadSignature:
        return None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="address of a new shop's owner")


def _digest(use: bytes, text: str) -> bytes:
    return hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), use + text.encode(), "sha256")
