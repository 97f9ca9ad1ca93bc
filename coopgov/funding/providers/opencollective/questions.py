"""What Open Collective is asked, in its GraphQL v2; tests hold every question against its real schema.

Pages go upwards by the time of creation: its own order, newest first, moves rows to other pages while one reads.
"""

_WHO = """
fragment Who on Account { publicId name type isIncognito emails ... on Individual { isGuest } }
"""
_PURSE = """
fragment Purse on Account { publicId currency ... on AccountWithHost { host { currency } } }
"""

ORDERS = (
    """
query Orders($slug: String!, $limit: Int!, $offset: Int!, $from: DateTime, $frequency: [ContributionFrequency],
  $status: [OrderStatus]) {
  account(slug: $slug) {
    ...Purse
    orders(limit: $limit, offset: $offset, filter: INCOMING, frequency: $frequency, status: $status, dateFrom: $from,
      includeChildrenAccounts: false, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount
      nodes {
        publicId status frequency createdAt nextChargeDate lastChargedAt tags
        amount { valueInCents currency }
        tier { name }
        paymentMethod { service }
        fromAccount { ...Who }
      }
    }
  }
}
"""
    + _PURSE
    + _WHO
)

# Only our own side of each pair, without what its projects hold: as the balance that it shows.
MONEY = (
    """
query Money($slug: String!, $limit: Int!, $offset: Int!, $from: DateTime, $currency: Currency) {
  account(slug: $slug) {
    ...Purse
    stats { balance(includeChildren: false, withBlockedFunds: false, currency: $currency) { valueInCents currency } }
    transactions(limit: $limit, offset: $offset, dateFrom: $from, orderBy: { field: CREATED_AT, direction: ASC },
      includeRegularTransactions: true, includeIncognitoTransactions: false, includeChildrenTransactions: false,
      includeGiftCardTransactions: false, includeDebts: false, includeEditedReversedTransactions: true) {
      totalCount
      nodes {
        group type kind isRefund isRefunded refundKind isDisputed createdAt
        account { publicId }
        oppositeAccount { ...Who }
        amountInHostCurrency { valueInCents currency }
        netAmountInHostCurrency { valueInCents currency }
        hostFee { valueInCents currency }
        refundTransaction { group }
        expense { publicId }
        paymentMethod { type }
        order {
          publicId status frequency createdAt nextChargeDate lastChargedAt tags
          tier { type }
          paymentMethod { service }
        }
      }
    }
  }
}
"""
    + _PURSE
    + _WHO
)
QUESTIONS = (ORDERS, MONEY)
