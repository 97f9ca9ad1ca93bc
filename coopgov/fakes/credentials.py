"""What opens the fakes, and nothing else: known to all, so that programs beside them need no setting."""

STRIPE_WEBHOOK_SECRET = "whsec_fake_stripe_for_development_only"  # noqa: S105 - guards nothing
OPENCOLLECTIVE_TOKEN = "fake-opencollective-token"  # noqa: S105 - opens nothing but the fake
