"""What every page shares: who may ask, forms, caching, headers, errors."""
