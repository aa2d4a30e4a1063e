"""Where the calls go."""

from urllib.parse import urlsplit

GET_CHAT_MESSAGES = "Agents/Chat/GetChatMessages"
GET_CHAT_SESSION_ENTITY = "Agents/Chat/GetChatSessionEntity"


def api_root(base_url: str) -> str:
    """The address below which every call lives, ending in /api/v1 and no slash.

    `base_url` may end in /api, /api/v1, or neither (the installation's root).
    Source: SuperOffice reference, WebAPI, "https://host/SuperOffice/api/v1 (or another virtual folder)".
    """
    root = base_url.rstrip("/")
    path = urlsplit(root).path.lower()
    if path.endswith("/api/v1"):
        return root
    return f"{root}/v1" if path.endswith("/api") else f"{root}/api/v1"
