"""How `archiver verify` is carried out and told."""
