"""What is kept: cards, the feedback on them, the audit of every answer, and tokens seen."""
