"""A believable co-op to try things on, with its mail sink and sign-in links."""
