"""A small, stateful, honest fake of Stripe's API: what it answers, it did; what it cannot do, it refuses."""
