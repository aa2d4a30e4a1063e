"""How fast the archiver is, beside its peers and beside what this machine can do at most. Not shipped."""
