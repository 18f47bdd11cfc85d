"""What is evaluated: ours through the SQL that serves, simple baselines, and the methods of other libraries."""
