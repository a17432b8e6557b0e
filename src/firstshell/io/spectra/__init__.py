"""What users' files look like: readers that check what they read and change nothing."""
