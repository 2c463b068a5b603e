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
    return _digests(b"sign-up", request.remote_addr or "")[0]


def digest_of_address(address: str) -> bytes:
    """Return the digest under which an e-mail address is kept."""
    return digests_of_address(address)[0]


def may_write_to(address: str) -> bool:
    """Count a stranger's wish for an e-mail to an address, and say whether it may be followed."""
    digest, *former = digests_of_address(address)
    return may_be_mailed(AskForMail(address=digest, place=place(), former=former), UnitOfWork(new_tenant_id()))


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
    return URLSafeTimedSerializer(_secrets()[::-1], salt="address of a new shop's owner")  # the last one signs


def digests_of_address(address: str) -> list[bytes]:
    """Return it under each secret, the present one first."""
    return _digests(b"mail", address.strip().casefold())


def _digests(use: bytes, text: str) -> list[bytes]:
    return [hmac.digest(secret.encode(), use + text.encode(), "sha256") for secret in _secrets()]


def _secrets() -> list[str]:
    """Return the system's secret, then those it had before, newest first."""
    return [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
