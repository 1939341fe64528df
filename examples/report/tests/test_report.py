"""The totals, the picture and the command."""

import io
import struct
from importlib.metadata import entry_points

import matplotlib.image
import pytest

from report.chart import draw, monthly
from report.cli import main

CSV = "date,amount\n2026-01-05,10\n2026-01-06,5.5\n2026-03-01,4\n"


def test_totals_by_month_with_the_empty_ones():
    totals = monthly(io.StringIO(CSV))
    assert {str(m): v for m, v in totals.items()} == {"2026-01": 15.5, "2026-02": 0.0, "2026-03": 4.0}


@pytest.mark.parametrize("text", ["", "date\n2026-01-01\n", "date,amount\n", "date,amount\nsoon,1\n", CSV + "2026-04-01,x\n"])
def test_broken_tables_are_refused(text):
    with pytest.raises(ValueError):
        monthly(io.StringIO(text))


def test_draws_a_png_of_the_asked_size_with_bars_in_it(tmp_path):
    png = tmp_path / "out.png"
    draw(monthly(io.StringIO(CSV)), png)
    data = png.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (800, 400)
    pixels = matplotlib.image.imread(png)[:, :, :3]
    blue = (abs(pixels - [0x33 / 255, 0x66 / 255, 0xAA / 255]) < 0.01).all(axis=2)
    assert 0.05 < blue.mean() < 0.9


def test_equal_totals_give_equal_bytes(tmp_path):
    totals = monthly(io.StringIO(CSV))
    draw(totals, tmp_path / "a.png")
    draw(totals, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_command_draws_the_sample(tmp_path, capsys):
    assert main(["-o", str(tmp_path / "r.png")]) == 0
    assert "5 months, 966.50 in all" in capsys.readouterr().out
    assert (tmp_path / "r.png").stat().st_size > 1000


def test_the_command_names_a_missing_file(tmp_path, capsys):
    assert main([str(tmp_path / "none.csv"), "-o", str(tmp_path / "r.png")]) == 1
    assert "none.csv" in capsys.readouterr().err
    assert not (tmp_path / "r.png").exists()


def test_the_command_is_installed():
    (script,) = entry_points(group="console_scripts", name="report")
    assert script.load() is main
