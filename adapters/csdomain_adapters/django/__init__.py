"""Django: csdomain as an app, and models and csdomain in one transaction, on the connection that Django has (D11).

``INSTALLED_APPS = ["csdomain_adapters.django", …]`` gives its tables with ``manage.py migrate``, and pages to read in
the admin; ``desk()`` is the desk on a database of the settings.
"""

from .blocks import atomic, within
from .desks import desk

__all__ = ["atomic", "desk", "within"]
