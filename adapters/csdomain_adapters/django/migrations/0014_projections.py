"""The tables of revision 0014."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0013_renewals")]
    operations = [tables("0014", "0013")]
