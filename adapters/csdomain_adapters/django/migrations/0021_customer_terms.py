"""The terms of revision 0021."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0018_messages")]
    operations = [tables("0021", "0018")]
