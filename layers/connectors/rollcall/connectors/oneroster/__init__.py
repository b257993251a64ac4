"""OneRoster 1.1 and 1.2 over REST, for any SIS that offers it."""
