"""The answer: the assessment of an order, and the cards that say it to a clinician."""
