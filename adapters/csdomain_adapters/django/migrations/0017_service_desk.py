"""The tables of revision 0017."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0016_stock")]
    operations = [tables("0017", "0016")]
