"""Evaluations for people and for programs."""
