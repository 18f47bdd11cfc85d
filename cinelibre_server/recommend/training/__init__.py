"""Training: from all ratings to the tables that the SQL functions of recommendations read."""
