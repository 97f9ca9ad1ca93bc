"""Pure rules of federation: addresses, what may be read, signatures, what answers mean, what is said."""
