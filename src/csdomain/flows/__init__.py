"""Use cases that touch two contexts or more, one module each, named by what they do."""
