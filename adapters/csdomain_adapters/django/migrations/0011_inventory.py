"""The tables of revision 0011."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0010_payments")]
    operations = [tables("0011", "0010")]
