"""Open Collective: read by GraphQL, paid at on its own pages; nothing is ever asked to change there."""
