"""What each form of a chain file says, as columns. One form a module; ``chain_readers`` chooses between them."""
