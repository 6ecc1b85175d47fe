from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            "Order",
            [
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("complaint", models.CharField(max_length=40)),
            ],
        )
    ]
