"""What trains the small models that the service carries; never imported by it."""
