"""The HTTP server on its thread, and the proxy in front of it that spoils replies below HTTP."""
