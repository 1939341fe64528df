"""From a table of sales to a picture of monthly totals."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure


def monthly(csv) -> pd.Series:
    """Sum the amounts by month; months without sales are zero.

    Raises ValueError where the file is not a table of dates and amounts.
    """
    table = pd.read_csv(csv)
    missing = {"date", "amount"} - set(table.columns)
    if missing:
        raise ValueError(f"no column {', '.join(sorted(missing))}")
    if table.empty:
        raise ValueError("no rows")
    dates = pd.to_datetime(table["date"], format="%Y-%m-%d")
    amounts = pd.to_numeric(table["amount"])
    return amounts.groupby(dates.dt.to_period("M")).sum().resample("M").sum()


def draw(totals: pd.Series, png: Path) -> None:
    """Write a bar chart; equal totals give equal bytes."""
    figure = Figure(figsize=(8, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.bar([str(month) for month in totals.index], totals.to_numpy(), color="#3366aa")
    axes.set_title("Sales by month")
    axes.set_ylabel("amount")
    figure.savefig(png, format="png", metadata={"Software": None})
