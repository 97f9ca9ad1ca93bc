"""What the pages of relief do with their form, while joining and as a member."""

from datetime import datetime

from coopgov.membership.forms.dues import ReliefForm
from coopgov.membership.models import Relief
from coopgov.membership.services import relief


def save_relief(party_id: int, form: ReliefForm, now: datetime) -> Relief:
    """What the form asks for, in the caller's transaction. Raises Refused."""
    if form.kind.data == "less":
        return relief.pay_less(party_id, form.amount.data, party_id, now)
    return relief.pause(party_id, int(str(form.kind.data)), party_id, now)
