"""Verdicts as people and programs read them: pure functions from verdicts to each format. Uses kit only."""
