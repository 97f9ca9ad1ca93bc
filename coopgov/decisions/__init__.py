"""Proposals, the electoral roll, ballots, verdicts, outcomes and the register."""
