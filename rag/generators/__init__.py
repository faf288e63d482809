"""What writes answers: ``extractive`` needs no model."""
