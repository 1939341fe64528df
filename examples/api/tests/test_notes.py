"""The API as a client sees it."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from notes_api.app import make_app


@pytest.fixture
def client():
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    with TestClient(make_app(engine)) as c:
        yield c
    engine.dispose()


def test_a_note_is_kept(client):
    made = client.post("/notes", json={"title": "tea", "body": "buy some"})
    assert made.status_code == 201
    assert client.get(f"/notes/{made.json()['id']}").json() == made.json()


def test_notes_are_listed_in_order_up_to_the_limit(client):
    for title in ["a", "b", "c"]:
        client.post("/notes", json={"title": title})
    assert [n["title"] for n in client.get("/notes", params={"limit": 2}).json()] == ["a", "b"]


def test_a_deleted_note_is_gone(client):
    made = client.post("/notes", json={"title": "tea"}).json()
    assert client.delete(f"/notes/{made['id']}").status_code == 204
    assert client.get(f"/notes/{made['id']}").status_code == 404


@pytest.mark.parametrize("note", [{}, {"title": ""}, {"title": "x" * 81}, {"title": 1}])
def test_bad_notes_are_refused(client, note):
    assert client.post("/notes", json=note).status_code == 422
    assert client.get("/notes").json() == []


def test_bad_limits_are_refused(client):
    assert client.get("/notes", params={"limit": 0}).status_code == 422
