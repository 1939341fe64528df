from django.db import models


class Ticket(models.Model):
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    opened = models.DateTimeField(auto_now_add=True)
    closed = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened"]
