"""Tells a chat room about a ticket."""

import jinja2
import requests

TEXT = jinja2.Template("#{{ ticket.pk }} {{ ticket.subject }}")


def notify(room: str, ticket) -> None:
    requests.post(room, json={"text": TEXT.render(ticket=ticket)}, timeout=10).raise_for_status()
