"""The frame: what every context with cases is built on, so that a context holds its rules and little else.

A command is named once where it is decided (a method of the case) and once where it is asked for (a method of the
service). What stands between is here: loading under a permission, key, version, saving, audit, effects.
"""
