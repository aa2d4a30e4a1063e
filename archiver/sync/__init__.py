"""What to visit and when, and the pipeline of a pass; joins the source and the store."""
