"""Who waits, who is free, who gets whom and why; closing and wrap-up."""
