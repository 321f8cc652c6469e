"""What is installed, what runs, what is wrong and what to do."""
