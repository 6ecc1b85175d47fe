"""The tables of revision 0016."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0015_customer_papers")]
    operations = [tables("0016", "0015")]
