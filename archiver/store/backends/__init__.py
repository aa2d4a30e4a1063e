"""What each kind of database has to be told, and does its own way. Everything else is the same on all of them."""
