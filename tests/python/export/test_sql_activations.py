"""Every activation of the core has its form in SQL."""

import pytest

from pytwolayer.export.sql_activations import activation_sql
from pytwolayer.network.activations import ACTIVATIONS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_has_a_form_of_the_unit_alone(name):
    text = activation_sql(name).replace("{h}", "h1").replace("{t}", "t1")
    assert "h1" in text
    assert "{" not in text
