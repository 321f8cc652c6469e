"""What each form of a chain file says, as columns. One form a module; ``files.reader`` chooses between them."""
