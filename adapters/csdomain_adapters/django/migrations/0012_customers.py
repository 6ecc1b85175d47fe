"""The tables of revision 0012."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0011_inventory")]
    operations = [tables("0012", "0011")]
