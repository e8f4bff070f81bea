"""Where customers find the assistant, and how she is invited."""

import discord

# What an invited bot asks a server for.
_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    attach_files=True,
    embed_links=True,
)


def whereabouts(client: discord.Client) -> str:
    """Return where a connected client is, or the address that invites it."""
    name = f"Discord: @{client.user}"
    if client.guilds:
        return f"{name} in {client.guilds[0].name}" + (" and other servers" if client.guilds[1:] else "")
    invitation = discord.utils.oauth_url(client.application_id or 0, permissions=_PERMISSIONS)
    return f"{name}, in no server yet; invite with {invitation}"
