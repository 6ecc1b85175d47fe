"""The tables of revision 0008."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0007_inboxes")]
    operations = [tables("0008", "0007")]
