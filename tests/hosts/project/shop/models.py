"""The host's own model; a complaint is referred to by its id."""

from django.db import models


class Order(models.Model):
    name = models.CharField(max_length=20, primary_key=True)
    complaint = models.CharField(max_length=40)
