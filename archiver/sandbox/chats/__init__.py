"""The tenant and its chats: what it holds, how that looks on the wire, and the people who type."""
