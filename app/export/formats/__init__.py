"""The formats of an export: each writes conversation by conversation, so that memory stays flat."""
