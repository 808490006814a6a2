"""The page for the shop floor and the maintenance team, and /docs: files of this machine, nothing from elsewhere.

They need no key: they hold no data. What they show they ask the API for, and the API asks for the key.
"""

import mimetypes
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

router = APIRouter(include_in_schema=False)

WEB: Final = Path(__file__).parents[1] / "web"
"""The files of the page."""


def serve_files(app: FastAPI) -> None:
    """Let `app` serve the page's files under /web and Swagger UI's under /docs/ui."""
    mimetypes.add_type("text/typescript", ".ts")  # to many systems a film or a translator's file
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    app.mount("/docs/ui", StaticFiles(directory=str(swagger_ui_path)), name="swagger-ui")


@router.get("/")
async def show_page() -> FileResponse:
    """Give the page."""
    return FileResponse(WEB / "index.html")


@router.get("/docs")
async def show_docs() -> FileResponse:
    """Give Swagger UI over /openapi.json."""
    return FileResponse(WEB / "docs.html")
