from django.contrib import admin

from catalogue.models import Product


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "price", "stock"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
