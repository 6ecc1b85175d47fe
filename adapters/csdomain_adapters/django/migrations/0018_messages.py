"""The tables of revision 0018."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0017_service_desk")]
    operations = [tables("0018", "0017")]
