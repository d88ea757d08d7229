"""What the charity writes, read and checked; articles and how often each is used; the directory."""
