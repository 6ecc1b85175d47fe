"""The tables of revision 0013."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0012_customers")]
    operations = [tables("0013", "0012")]
