"""Everything that is not a contribution: added funds, expenses, money from projects, people who go or become others."""

from coopgov.fakes.opencollective.booking import host_sum, payer_sum, write_contribution, write_pair, write_refund
from coopgov.fakes.opencollective.objects import Account, Expense, Group, Order, Tier
from coopgov.fakes.opencollective.world import World


def add_funds(world: World, payer: Account, cents: int, tier: Tier | None = None) -> Order:
    """The host writes down money that came by bank: a paid order and ADDED_FUNDS rows."""
    currency = world.collective.currency
    order = Order(
        world.number(), payer, world.collective, cents, currency, "ONETIME", "PAID", world.present, None, tier
    )
    order.processed_at = world.present
    order.description = f"Financial contribution to {world.collective.name}"
    world.keep_order(order)
    write_contribution(world, order, "ADDED_FUNDS")
    return order


def pay_expense(
    world: World, payee: Account, cents: int, title: str, kind: str = "INVOICE", fee_cents: int = 0
) -> Expense:
    """An approved expense that the host pays; ``fee_cents`` is what sending the money costs."""
    currency = world.collective.currency
    made = Expense(world.number(), title, kind, cents, currency, payee, world.collective, world.present)
    world.expenses.append(made)
    group = world.new_group(expense=made)
    if fee_cents:
        fee = host_sum(world, fee_cents, currency)
        write_pair(world, group, "PAYMENT_PROCESSOR_FEE", world.collective, world.processor, -fee)
    write_pair(world, group, "EXPENSE", world.collective, payee, -payer_sum(world, cents, currency))
    made.status = "PAID"
    return made


def unpay_expense(world: World, expense: Expense) -> Group:
    """The transfer came back: the expense is marked as unpaid; the sender's fee is covered by the host."""
    paid = next(g for g in world.groups.values() if g.expense is expense and g.refund_of is None)
    expense.status = "APPROVED"
    return write_refund(world, paid, "REFUND")


def open_project(world: World, slug: str, name: str) -> Account:
    """A project of the collective, with books of its own."""
    parent = world.collective
    return world.new_account(slug, name, "PROJECT", currency=parent.currency, parent=parent, host=world.host)


def close_project(world: World, project: Account) -> Group:
    """What the project still holds comes home; raises ValueError when it is empty."""
    left = world.balance_cents(project)
    if left <= 0:
        raise ValueError("the project is empty")
    what = host_sum(world, left, world.collective.currency)
    order = Order(
        world.number(), project, world.collective, what.cents, what.currency, "ONETIME", "PAID", world.present, None
    )
    world.keep_order(order)
    group = world.new_group(order)
    write_pair(world, group, "BALANCE_TRANSFER", world.collective, project, what)
    return group


def merge_accounts(world: World, gone: Account, into: Account) -> None:
    """A guest turned out to be somebody: their contributions are now ``into``'s; id and slug change with it."""
    for order in world.orders:
        if order.from_account is gone:
            order.from_account = into
    for group in world.groups.values():
        for row in group.rows:
            if row.opposite_account is gone:
                row.opposite_account = into
    gone.is_deleted = True


def delete_account(account: Account) -> None:
    """Somebody leaves Open Collective: null from now on, and their contributions are no longer listed."""
    account.is_deleted, account.name, account.email = True, "", ""
