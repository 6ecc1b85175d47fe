"""The tables of revision 0004."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0003_staff")]
    operations = [tables("0004", "0003")]
