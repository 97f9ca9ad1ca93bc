"""Who somebody is: parties, logins, sessions, sign-in by mail link or password."""
