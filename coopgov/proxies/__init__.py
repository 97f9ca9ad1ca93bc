"""Standing in for one another in the votes of a group: asked for, accepted, ending."""
