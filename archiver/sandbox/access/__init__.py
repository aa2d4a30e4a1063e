"""Who may call, and at which address: sign-in, tickets, and the online tenant that moves."""
