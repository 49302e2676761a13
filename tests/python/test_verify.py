"""How agreement between the routes is judged and reported; no R is started here."""

import math

import pytest

from pytwolayer.chapter import printed_losses
from pytwolayer.r_process import RError
from pytwolayer.verify import Route, agree, report, take_routes


@pytest.fixture(scope="module")
def losses(chapter_500) -> list[float]:
    return chapter_500["loss"].tolist()


def changed(losses: list[float], place: int, value: float) -> list[float]:
    return [*losses[:place], value, *losses[place + 1 :]]


def next_bit(losses: list[float], place: int) -> list[float]:
    return changed(losses, place, math.nextafter(losses[place], math.inf))


def test_equal_routes_agree(losses):
    routes = [Route("Python", losses, 0.3), Route("R", list(losses), 0.4)]
    assert agree(routes)
    text = report(routes)
    assert text.splitlines()[0].startswith("The chapter's 500 losses, by each route (")
    for line in text.splitlines()[3:5]:
        assert line.count("500 of 500") == 2
    assert text.endswith("All agree.")


@pytest.mark.parametrize("place", [0, 250, 499])
def test_one_bit_in_one_row_is_no_agreement(losses, place):
    routes = [Route("Python", losses), Route("R", next_bit(losses, place))]
    assert not agree(routes)
    line = report(routes).splitlines()[4]
    assert "500 of 500" in line
    assert "499 of 500" in line
    assert report(routes).endswith("They do NOT agree. `pytwolayer doctor` may tell why.")


def test_routes_that_agree_with_each_other_but_not_with_the_table_do_not_agree(losses):
    other = changed(losses, 100, 2 * losses[100])
    routes = [Route("Python", other), Route("R", list(other))]
    assert not agree(routes)
    for line in report(routes).splitlines()[3:5]:
        assert line.index("499 of 500") < line.index("500 of 500")


@pytest.mark.parametrize(
    "wrong",
    [lambda v: v[:-1], lambda v: [*v, 1.0], lambda v: [], lambda v: changed(v, 7, math.nan)],
)
def test_too_few_too_many_or_missing_losses_are_no_agreement(losses, wrong):
    assert not agree([Route("Python", losses), Route("R", wrong(losses))])


def test_a_first_route_that_is_wrong_is_no_agreement(losses):
    assert not agree([Route("Python", next_bit(losses, 3)), Route("R", losses)])


def test_a_required_route_that_could_not_be_taken_is_no_agreement(losses):
    routes = [Route("Python", losses), Route("R", [], problem="not run: Rscript was not found")]
    assert not agree(routes)
    assert "not run: Rscript was not found" in report(routes)
    assert report(routes).endswith("Not every route could be taken: R. See: pytwolayer doctor")


def test_a_differing_route_is_named_as_such_even_where_another_is_missing(losses):
    missing = Route("R", [], problem="not run: Rscript was not found")
    routes = [Route("Python", losses), Route("loop", [0.0, *losses[1:]]), missing]
    assert "NOT agree" in report(routes)


def test_of_what_r_said_the_last_line_is_shown(losses):
    problem = "not run: R failed (exit status 1):\nTraceback ...\nno package called 'pytwolayer'"
    page = report([Route("Python", losses), Route("R", [], problem=problem)])
    assert "no package called 'pytwolayer'" in page
    assert "Traceback" not in page


def test_an_optional_route_may_be_missing_and_is_named(losses):
    missing = Route("rpy2", [], problem="not run: rpy2 is not installed", optional=True)
    routes = [Route("Python", losses), missing]
    assert agree(routes)
    assert report(routes).endswith("All that ran agree; not run: rpy2.")
    assert "not run: rpy2 is not installed" in report(routes)


def test_an_optional_route_that_ran_must_agree(losses):
    assert not agree([Route("Python", losses), Route("rpy2", next_bit(losses, 9), optional=True)])


def test_the_verdict_is_on_all_the_printed_rows():
    assert len(printed_losses()) == 500


def test_without_r_the_routes_of_python_are_taken_and_the_others_say_why(monkeypatch):
    def no_r(*arguments, **options):
        raise RError("Rscript was not found. On Debian or Ubuntu: apt-get install r-base-core")

    monkeypatch.setattr("pytwolayer.verify.run_r", no_r)
    monkeypatch.setattr("pytwolayer.verify.run_r_in_python", no_r)
    routes = take_routes()
    python, loop, beside, inside = routes
    assert python.losses == loop.losses
    assert len(python.losses) == 500
    assert agree([python, loop])
    assert "apt-get install r-base-core" in beside.problem
    assert not beside.optional
    assert inside.problem is not None
    assert not agree(routes)


def answering(losses, reticulate):
    """Stand for a script of R that writes these losses."""

    def run(script, file, runs, **environment):
        values = "\t".join(loss.hex() for loss in losses)
        text = f"losses\t{values}\nseconds\t0.5\nreticulate\t{reticulate}\n"
        with open(file, "w", encoding="utf-8") as answers:  # noqa: PTH123
            answers.write(text)
        return ""

    return run


def test_what_r_wrote_is_read_to_the_last_bit(monkeypatch, losses):
    monkeypatch.setattr("pytwolayer.verify.run_r", answering(losses, "1.41.0"))
    monkeypatch.setattr("pytwolayer.verify.run_r_in_python", answering(losses, "1.41.0"))
    _, _, beside, inside = take_routes()
    assert beside.losses == losses
    assert beside.seconds == 0.5
    assert beside.name == "R, reticulate 1.41.0"
    assert inside.losses == losses


def test_rpy2_is_not_tried_with_a_reticulate_that_would_kill_python(monkeypatch, losses):
    monkeypatch.setattr("pytwolayer.verify.run_r", answering(losses, "1.28"))
    monkeypatch.setattr("pytwolayer.verify.run_r_in_python", lambda *a, **k: pytest.fail("tried"))
    inside = take_routes()[-1]
    assert inside.optional
    assert "reticulate 1.28 is too old" in inside.problem
