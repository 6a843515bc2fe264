"""What runs beside the learner's code: the bridge's far end. Imports nothing else of ours and holds no secret."""
