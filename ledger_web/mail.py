"""E-mail over the operator's SMTP server, where one is configured.

Sent at once, so that whoever sends sees if it fails.
"""

import contextlib
import contextvars
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final

from flask import Flask, current_app, g

from ledger_web.domain.errors import LedgerError
from ledger_web.services.mailing import ShopsMail
from ledger_web.strangers import digest_of_address

SECONDS_MAX: Final = 10


class MailNotSentError(LedgerError):
    """The e-mail could not be sent. Look at the address and try again."""


def is_configured() -> bool:
    return bool(current_app.config.get("SMTP_HOST"))


def of_shop(to: str) -> ShopsMail:
    """Return an e-mail that the shop of this request is to send, for the act that counts it.

    olga+1@ and olga+2@ are one mailbox at most providers, and so they are counted as one.
    """
    shop, (mailbox, _, domain) = str(g.tenant.id), to.partition("@")
    counted = f"{shop} {mailbox.partition('+')[0]}@{domain}"
    return ShopsMail(to=to, shop=digest_of_address(shop), address=digest_of_address(counted))


def send(to: str, subject: str, text: str, *, sender_name: str, attachment: tuple[str, bytes] | None = None) -> None:
    """Send one e-mail.

    Args:
        attachment: Name and content of a PDF.

    Raises:
        MailNotSentError: The server cannot be reached, or refused the address.
    """
    config = current_app.config
    message = EmailMessage()
    message["To"], message["Subject"] = to, subject
    message["From"] = f'"{sender_name.translate({ord(sign): None for sign in _NOT_IN_NAMES})}" <{config["SMTP_FROM"]}>'
    message.set_content(text)
    if attachment:
        name, content = attachment
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    try:
        with smtplib.SMTP(config["SMTP_HOST"], config["SMTP_PORT"], timeout=SECONDS_MAX) as server:
            if config["SMTP_TLS"]:
                server.starttls(context=ssl.create_default_context())
            if config["SMTP_USER"]:
                server.login(config["SMTP_USER"], config["SMTP_PASSWORD"])
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        current_app.logger.warning("an e-mail was not sent: %s", type(error).__name__)
        raise MailNotSentError from error


def send_apart(to: str | Callable[[], str | None], subject: str, text: str, *, sender_name: str) -> None:
    """Send one e-mail while the answer is on its way already: how long it takes tells nobody that it was sent.

    Args:
        to: The address; or what finds it, apart from the answer as well. None is nobody.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def work() -> None:
        with app.app_context(), contextlib.suppress(MailNotSentError):  # it is in the log
            address = to if isinstance(to, str) else to()
            if address:
                send(address, subject, text, sender_name=sender_name)

    # In the context of the request: the audit says where it came from, and texts are in the reader's language.
    threading.Thread(target=contextvars.copy_context().run, args=[work], name="mail").start()


_NOT_IN_NAMES: Final = '"\\\r\n<>'
