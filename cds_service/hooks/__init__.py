"""The wire shapes of CDS Hooks: requests, cards, discovery. No behaviour."""
