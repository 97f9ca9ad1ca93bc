"""What the program leaves to a person: it never guesses about money."""

from coopgov.core.text import N_

KINDS: dict[str, str] = {
    "unmatched": N_("Somebody paid, and we do not know which member it is for"),
    "claimed": N_("A member says that they paid already"),
    "two_pledges": N_("A member pays twice"),
    "paid_late": N_("Somebody paid after their application had expired"),
    "foreign": N_("A payment of another shop in the same Stripe account"),
    "test_mode": N_("A test payment on a live system"),
    "orphan": N_("Money went back on a payment that we do not know"),
    "amount_differs": N_("A payment's amount changed after it was booked"),
    "unreadable": N_("A message of the provider that we cannot read"),
    "balance_differs": N_("The provider's balance is not the ledger's"),
    "dispute": N_("A payer's bank took money back"),
    "refund_failed": N_("A refund did not arrive"),
    "provider": N_("The provider needs attention"),
    "many_lapse": N_("Unusually many members would be in arrears at once"),
    "relief": N_("A subscription has to be changed by hand"),
}
