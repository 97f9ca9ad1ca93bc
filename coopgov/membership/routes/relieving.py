"""What the pages of relief do with their form, while joining and as a member."""

from datetime import datetime

from coopgov.membership.forms.dues import ReliefForm
from coopgov.membership.models import Relief
from coopgov.membership.services import relief
from coopgov.membership.services.joining import admit_relieved


def save_relief(party_id: int, form: ReliefForm, now: datetime) -> Relief:
    """What the form asks for, in the caller's transaction, and the membership of somebody who only waited for that.

    Raises Refused.
    """
    if form.kind.data == "less":
        row = relief.pay_less(party_id, form.amount.data, party_id, now)
    else:
        row = relief.pause(party_id, int(str(form.kind.data)), party_id, now)
    admit_relieved(party_id, now)
    return row
