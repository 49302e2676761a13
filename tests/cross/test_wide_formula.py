"""Formulas of very many columns, in R on its own and inside Python."""


def test_ten_thousand_columns_work_by_every_route(ask):
    assert ask("wide_formula.R")["same"] == ["TRUE"] * 3
