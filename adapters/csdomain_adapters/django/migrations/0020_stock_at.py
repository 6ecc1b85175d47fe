"""The tables of revision 0020."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0019_message_texts")]
    operations = [tables("0020", "0019")]
