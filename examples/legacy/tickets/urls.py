from django.http import JsonResponse
from django.urls import path

from tickets.models import Ticket


def tickets(request):
    return JsonResponse({"open": list(Ticket.objects.filter(closed=None).values("id", "subject"))})


urlpatterns = [path("", tickets, name="tickets")]
