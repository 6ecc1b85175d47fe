"""The tables that every store has, and all models."""

from django.db import migrations

from csdomain_adapters.django.tables import models, tables


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.SeparateDatabaseAndState([tables("0001", "base")], models())]
