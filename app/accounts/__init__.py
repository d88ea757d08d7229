"""Staff, roles and sign-in; parents' tokens and return codes; consent."""
