"""One configuration file in, one frozen Config out."""
