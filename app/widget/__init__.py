"""The parent's chat: the loader, the embedded page, and its browser code."""
