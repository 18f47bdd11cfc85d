"""What surrounds the SQL functions that recommend: the words for their reasons."""
