"""Judging examples, and making them better: in the making."""
