"""The command: report [CSV] -o PNG"""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from report.chart import draw, monthly


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="report", description="Draw monthly totals from a CSV as a PNG.")
    parser.add_argument("csv", nargs="?", type=Path, help="columns date and amount (default: a sample)")
    parser.add_argument("-o", "--output", type=Path, default=Path("report.png"), help="PNG to write")
    args = parser.parse_args(argv)
    csv = args.csv or files("report") / "data" / "sales.csv"
    try:
        with csv.open() as lines:
            totals = monthly(lines)
        draw(totals, args.output)
    except (OSError, ValueError) as err:
        print(f"report: {csv}: {err}", file=sys.stderr)
        return 1
    print(f"{args.output}: {len(totals)} months, {totals.sum():.2f} in all")
    return 0
