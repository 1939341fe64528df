"""What other programs call, apart from the pages: uvicorn tickets.hooks:app"""

from fastapi import FastAPI

app = FastAPI(title="tickets")


@app.get("/health")
def health() -> dict[str, bool]:
    return {"ok": True}
