"""Settings of the ticket desk. TICKETS_SECRET_KEY signs sessions."""

import os
import secrets
from pathlib import Path

SECRET_KEY = os.environ.get("TICKETS_SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = os.environ.get("TICKETS_HOSTS", "localhost").split(",")
INSTALLED_APPS = ["django.contrib.contenttypes", "tickets"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "tickets.urls"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent.parent / "db.sqlite3"}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
