"""Files on the local Slack server: sent to an address of their own, kept, and given to whoever has the token."""

from collections.abc import Callable
from typing import cast

from aiohttp import web

from tests.servers.slack_workspace import (
    BOT_TOKEN,
    BOT_USER,
    Answer,
    File,
    Json,
    Message,
    Method,
    RefusedError,
    Workspace,
)


def kept(workspace: Workspace, user: str, name: str, content: bytes) -> File:
    """Keep a file that a person has sent."""
    file = File(_id(workspace), name, len(content), user, content, is_complete=True)
    workspace.files[file.id] = file
    return file


def told(file: File, address: str) -> Json:
    """Describe a file as events, forms and files.info do."""
    url = f"{address}/files-pri/{file.id}/{file.name}"
    described = {"id": file.id, "name": file.name, "size": file.length, "mimetype": file.mimetype, "user": file.user}
    return {**described, "url_private": url, "url_private_download": url}


def methods_of_files(workspace: Workspace, address: Callable[[], str]) -> dict[str, Method]:
    """Return the methods about files."""

    def begin(arguments: Json) -> Answer:
        file = File(_id(workspace), str(arguments["filename"]), int(str(arguments["length"])), BOT_USER)
        if not (file.name and file.length):
            raise RefusedError("invalid_arguments")
        workspace.files[file.id] = file
        return {"upload_url": f"{address()}/upload/{file.id}", "file_id": file.id}

    def complete(arguments: Json) -> Answer:
        channel = str(arguments.get("channel_id") or "")
        for wanted in cast("list[Json]", arguments["files"]):
            file = _file(workspace, str(wanted["id"]))
            if file.content is None:
                raise RefusedError("file_not_found")
            file.is_complete = True
            if channel:
                file.channels.append(workspace.channel(channel))
                thread = str(arguments.get("thread_ts") or "")
                workspace.add(Message(channel, workspace.next_ts(), BOT_USER, thread, files=1))
        workspace.changed()
        return {"files": arguments["files"]}

    def info(arguments: Json) -> Answer:
        return {"file": told(_file(workspace, str(arguments["file"])), workspace.file_address or address())}

    def delete(arguments: Json) -> Answer:
        file = _file(workspace, str(arguments["file"]))
        if file.user != BOT_USER:
            raise RefusedError("cant_delete_file")
        del workspace.files[file.id]
        workspace.changed()
        return {}

    return {
        "files.getUploadURLExternal": ("files:write", begin),
        "files.completeUploadExternal": ("files:write", complete),
        "files.delete": ("files:write", delete),
        "files.info": ("files:read", info),
    }


def routes_of_files(workspace: Workspace) -> list[web.RouteDef]:
    """Return the addresses at which files arrive and are fetched."""

    async def upload(request: web.Request) -> web.Response:
        file = workspace.files.get(request.match_info["id"])
        content = await request.read()
        if file is None or len(content) != file.length or "Authorization" in request.headers:
            return web.Response(status=400)
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def download(request: web.Request) -> web.Response:
        file = workspace.files.get(request.match_info["id"])
        workspace.downloaded_with.append(request.headers.get("Authorization", ""))
        if workspace.downloads == "redirect":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        entitled = request.headers.get("Authorization") == f"Bearer {BOT_TOKEN}" and "files:read" in workspace.scopes
        if not entitled or workspace.downloads == "html":
            # The real server shows whoever may not read a file where to sign in, and calls that a success.
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=file.mimetype)

    return [web.post("/upload/{id}", upload), web.get("/files-pri/{id}/{name}", download)]


def _id(workspace: Workspace) -> str:
    return f"F00{workspace.unique('')}"


def _file(workspace: Workspace, wanted: str) -> File:
    if wanted not in workspace.files:
        raise RefusedError("file_not_found")
    return workspace.files[wanted]
