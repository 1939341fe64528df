from django.shortcuts import get_object_or_404, render

from catalogue.models import Product


def products(request):
    return render(request, "catalogue/products.html", {"products": Product.objects.all()})


def product(request, slug):
    return render(request, "catalogue/product.html", {"product": get_object_or_404(Product, slug=slug)})
