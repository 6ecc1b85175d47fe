"""The tables of revision 0003."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0002_complaints")]
    operations = [tables("0003", "0002")]
