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

WHAT_TO_DO: dict[str, str] = {
    "unmatched": N_("Say whose it is in the queue of unmatched payments."),
    "claimed": N_("Look for the payment in the queue. If it is not there, ask where it was paid."),
    "two_pledges": N_("Ask the member which one is meant, and stop the other where it was begun."),
    "paid_late": N_("The membership secretary has been told. If nobody joins, give the money back."),
    "foreign": N_("Nothing, if it is another shop's. Nothing of it was booked."),
    "test_mode": N_("Check which keys the other side uses. Nothing of it was booked."),
    "orphan": N_("Read the provider again. If the payment stays unknown, look it up at the provider."),
    "amount_differs": N_("The entry was put right by its opposite. Compare both with the provider's page."),
    "unreadable": N_("Look it up at the provider. If you cannot see what is wrong, report it to the administrator."),
    "balance_differs": N_("Read the provider again. What is still missing afterwards was never told to us."),
    "dispute": N_("Answer at the provider in time. The result comes in by itself."),
    "refund_failed": N_(
        "Look at the provider whether it went through after all. If not, ask for it again, or give it back another way."
    ),
    "provider": N_("Read what the provider wants, and ask the administrator if it is about keys or settings."),
    "many_lapse": N_("Look whether payments are missing before anybody loses their vote."),
    "relief": N_("Change it at the provider by hand: there it goes on as before."),
}
