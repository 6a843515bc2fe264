"""What a learner has: a workspace of answers and the progress in it. Uses kit only."""
