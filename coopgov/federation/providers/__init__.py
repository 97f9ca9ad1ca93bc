"""Other servers, as we ask and tell them."""
