"""Archives the chat sessions of SuperOffice CRM tenants into a SQL database."""

__version__ = "0.1.0"
