"""Did this message come from us, and when?

What is signed is `TIMESTAMP.ID.BODY`: the body cannot be changed, an old message cannot be sent again as a new one, and two
messages cannot swap their ids. HMAC-SHA256 (RFC 2104, FIPS 180-4), hexadecimal.
"""

from __future__ import annotations

import hashlib
import hmac

VERSION = "v1"
WINDOW_S = 300
"""A receiver believes a timestamp for so long, in both directions."""
SECRET_PREFIX = "assay_whsec_"  # noqa: S105  # the beginning of every secret, so that scanners find lost ones


def signature(secret: str, *, timestamp_s: int, delivery: str, body: bytes) -> str:
    """What stands in the header `Assay-Signature`?

    Args:
        secret: of the webhook; its UTF-8 bytes are the key.
        timestamp_s: when it is sent, in seconds since 1970, as in `Assay-Timestamp`.
        delivery: as in `Assay-Delivery`.
        body: as it is sent.

    >>> signature("key", timestamp_s=1, delivery="a", body=b"{}")
    'v1=2feff09a49c6bdbe325c6ba6184fd6c062b2673e7a7540878df8ddd237343792'
    """
    signed = f"{timestamp_s}.{delivery}.".encode() + body
    return f"{VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def headers(secret: str, *, timestamp_s: int, delivery: str, body: bytes) -> dict[str, str]:
    """Which headers does a message carry?"""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Assay-Webhooks/1",
        "Assay-Delivery": delivery,
        "Assay-Timestamp": str(timestamp_s),
        "Assay-Signature": signature(secret, timestamp_s=timestamp_s, delivery=delivery, body=body),
    }
