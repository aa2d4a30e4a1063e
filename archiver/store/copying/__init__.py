"""An archive copied into another database, page by page, and compared with it afterwards."""
