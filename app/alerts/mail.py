"""Sending a mail through the server that the settings name."""

from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import urlsplit

import aiosmtplib

from app.alerts.webhooks import Undelivered
from app.config import Settings

_SECONDS = 20.0


def mail(
    settings: Settings, *, id_: str, to: str, subject: str, text: str, html: str
) -> EmailMessage:
    """A mail as text and as HTML. `id_` makes the Message-ID, the same at every attempt."""
    message = EmailMessage()
    host = urlsplit(settings.base_url).hostname or "localhost"
    message["Message-ID"] = f"<{id_}@{host}>"
    message["Date"] = formatdate(usegmt=True)
    message["From"] = settings.mail_from
    message["To"] = to
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


async def send(settings: Settings, message: EmailMessage) -> None:
    """Hand the mail over; returns when the server has taken it.

    Raises `Undelivered`; finally so without a server, and where it refuses the address for good.
    """
    if not settings.smtp_host:
        raise Undelivered("mail_not_configured", final=True)
    password = settings.smtp_password.get_secret_value()
    try:
        await aiosmtplib.send(
            message,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=password or None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=_SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as refused:
        codes = [each.code for each in refused.recipients]
        raise Undelivered(f"smtp_{codes[0]}", final=min(codes) >= 500) from None
    except aiosmtplib.SMTPResponseException as refused:
        raise Undelivered(f"smtp_{refused.code}") from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise Undelivered(type(error).__name__) from None
