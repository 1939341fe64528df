"""Attachments: a small picture of each, and a token that lets one be seen."""

import io

from cryptography.fernet import Fernet
from PIL import Image


def thumbnail(picture: bytes, side: int = 160) -> bytes:
    image = Image.open(io.BytesIO(picture))
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG")
    return out.getvalue()


def token(key: bytes, ticket: int) -> str:
    return Fernet(key).encrypt(str(ticket).encode()).decode()
