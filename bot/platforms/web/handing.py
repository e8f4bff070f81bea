"""Files that are handed out: kept by the reader, never opened by the browser."""

from urllib.parse import quote

from starlette.responses import Response

from bot.admin.replies import Attachment


def handed_out(attachment: Attachment) -> Response:
    """Return a file as a download."""
    headers = {
        "cache-control": "no-store",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    return Response(attachment.content, media_type="application/octet-stream", headers=headers)
