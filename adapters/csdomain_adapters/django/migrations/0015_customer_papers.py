"""The tables of revision 0015."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0014_projections")]
    operations = [tables("0015", "0014")]
