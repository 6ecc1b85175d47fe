"""The tables of revision 0006."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0005_numbers")]
    operations = [tables("0006", "0005")]
