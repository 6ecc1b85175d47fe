"""The tables of revision 0002."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0001_kernel")]
    operations = [tables("0002", "0001")]
