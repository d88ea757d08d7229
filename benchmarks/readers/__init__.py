"""What other programs make of an export. Each file here runs in an environment of its program's own."""
