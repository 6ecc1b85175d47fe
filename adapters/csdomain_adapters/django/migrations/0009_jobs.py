"""The tables of revision 0009."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0008_digests")]
    operations = [tables("0009", "0008")]
