import io

from PIL import Image

from tickets.pictures import thumbnail


def test_thumbnail_is_small():
    out = io.BytesIO()
    Image.new("RGB", (800, 400)).save(out, "PNG")
    assert Image.open(io.BytesIO(thumbnail(out.getvalue()))).size == (160, 80)
