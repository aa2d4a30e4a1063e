"""The commands: parse, call, print; the only place that prints and that builds objects."""
