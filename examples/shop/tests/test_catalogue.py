"""The pages, the admin, and that the defaults are safe."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.urls import reverse

from catalogue.models import Product


@pytest.fixture
def tea(db):
    return Product.objects.create(name="Green <tea>", slug="green-tea", price=Decimal("4.50"), stock=3)


def test_lists_products_and_escapes_their_names(client, tea):
    page = client.get(reverse("products"), secure=True)
    assert page.status_code == 200
    assert b"Green &lt;tea&gt;" in page.content


@pytest.mark.parametrize(("stock", "text"), [(3, b"in stock"), (0, b"sold out")])
def test_product_tells_whether_it_is_available(client, tea, stock, text):
    tea.stock = stock
    tea.save()
    assert text in client.get(tea.get_absolute_url(), secure=True).content


def test_unknown_product_is_not_found(client, db):
    assert client.get("/products/none/", secure=True).status_code == 404


def test_admin_lists_products(admin_client, tea):
    page = admin_client.get(reverse("admin:catalogue_product_changelist"), secure=True)
    assert b"Green &lt;tea&gt;" in page.content


def test_admin_asks_strangers_to_log_in(client, db):
    page = client.get(reverse("admin:index"), secure=True)
    assert page.status_code == 302
    assert "/login/" in page["Location"]


def test_plain_http_is_redirected(client, db):
    page = client.get("/")
    assert page.status_code == 301
    assert page["Location"].startswith("https://")


def test_defaults_are_safe(settings):
    assert settings.DEBUG is False
    assert "*" not in settings.ALLOWED_HOSTS
    assert len(settings.SECRET_KEY) >= 50


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True)
