"""The routes. make_app takes its database, so that a test brings its own."""

import os
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from notes_api.models import Base, Note, NoteIn, NoteOut


def session(request: Request) -> Iterator[Session]:
    """One transaction a request: committed if the route returns."""
    with Session(request.app.state.engine) as s, s.begin():
        yield s


Db = Annotated[Session, Depends(session)]


def make_app(engine: Engine) -> FastAPI:
    Base.metadata.create_all(engine)
    app = FastAPI(title="Notes")
    app.state.engine = engine

    @app.get("/notes")
    def notes(db: Db, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[NoteOut]:
        found = db.scalars(select(Note).order_by(Note.id).limit(limit))
        return [NoteOut.model_validate(n) for n in found]

    @app.post("/notes", status_code=201)
    def add(note: NoteIn, db: Db) -> NoteOut:
        row = Note(**note.model_dump())
        db.add(row)
        db.flush()
        return NoteOut.model_validate(row)

    @app.get("/notes/{note_id}")
    def note(note_id: int, db: Db) -> NoteOut:
        return NoteOut.model_validate(found(db, note_id))

    @app.delete("/notes/{note_id}", status_code=204)
    def delete(note_id: int, db: Db) -> None:
        db.delete(found(db, note_id))

    return app


def found(db: Session, note_id: int) -> Note:
    row = db.get(Note, note_id)
    if row is None:
        raise HTTPException(404, "no such note")
    return row


def from_environment() -> FastAPI:
    """What uvicorn serves: uvicorn --factory notes_api.app:from_environment"""
    url = os.environ.get("NOTES_DATABASE", "sqlite:///db.sqlite3")
    return make_app(create_engine(url))
