"""The tables, and what goes over the wire."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))


# SQLite keeps no time zone; what is stored is UTC.
Utc = Annotated[datetime, AfterValidator(lambda t: t if t.tzinfo else t.replace(tzinfo=UTC))]


class NoteIn(BaseModel):
    title: str = Field(min_length=1, max_length=80)
    body: str = Field(default="", max_length=10_000)


class NoteOut(NoteIn):
    model_config = ConfigDict(from_attributes=True)

    id: int
    created: Utc
