"""The terms of revision 0021."""

from django.db import migrations

from csdomain_adapters.django.tables import tables


class Migration(migrations.Migration):
    dependencies = [("csdomain", "0020_stock_at")]
    operations = [tables("0021", "0020")]
