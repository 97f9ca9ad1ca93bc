"""Stand-ins for other people's servers, for the demo and the tests. None of them moves money."""
