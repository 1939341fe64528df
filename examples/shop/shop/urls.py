"""Every address of the shop."""

from django.contrib import admin
from django.urls import path

from catalogue import views

urlpatterns = [
    path("", views.products, name="products"),
    path("products/<slug:slug>/", views.product, name="product"),
    path("admin/", admin.site.urls),
]
