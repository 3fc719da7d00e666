"""A CDS Hooks service that judges orders for intraoperative radiation therapy."""

__version__ = "0.1.0"
