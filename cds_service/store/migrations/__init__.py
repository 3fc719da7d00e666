"""Migrations of the tables, run by Alembic from inside the program."""
