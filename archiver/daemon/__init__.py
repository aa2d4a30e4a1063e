"""When passes are made, and how the process ends."""
