"""The tables of revision 0019."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0018_messages")]
    operations = [tables("0019", "0018")]
