"""The tables of revision 0007."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0006_messages")]
    operations = [tables("0007", "0006")]
