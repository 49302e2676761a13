"""How agreement between the routes is judged and reported; no R is started here."""

import math
import shutil

import pytest

from pytwolayer.chapter import printed_losses
from pytwolayer.r_interop.r_process import DATA, RError, RMissingError, run_r, run_r_in_python
from pytwolayer.r_interop.verify import Route, agree, report, take_routes
from pytwolayer.runtime.blas import Blas


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch):
    """Leave out what is said of busy processors."""
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))


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
    assert report(routes).endswith("They do NOT agree. `pytwolayer doctor` may show why.")


def test_routes_that_agree_with_each_other_on_other_losses_than_the_chapters_are_not_well(losses):
    other = changed(losses, 100, 2 * losses[100])
    routes = [Route("Python", other), Route("R", list(other))]
    assert not agree(routes)
    for line in report(routes).splitlines()[3:5]:
        assert line.index("499 of 500") < line.index("500 of 500")
    verdict = report(routes).splitlines()[-2:]
    assert verdict == [
        "All agree with one another, bit for bit.",
        "They are NOT the chapter's: 499 of 500 equal its printed table.",
    ]


ROWS = printed_losses()["loss"].tolist()


def digits_off(losses: list[float], place: int, units: float) -> list[float]:
    """Move a loss by so many units of the printed row's last digit."""
    unit = float(f"1e{int(f'{ROWS[place]:e}'.partition('e')[2]) - 2}")
    return changed(losses, place, ROWS[place] + units * unit)


@pytest.mark.parametrize(("place", "units"), [(0, 1), (3, -0.6), (250, 0.51), (499, 1.4)])
def test_one_in_the_last_printed_digit_is_no_disagreement(losses, place, units, monkeypatch):
    monkeypatch.setattr("pytwolayer.runtime.blas.torch_blas", lambda: Blas(None, "own"))
    near = digits_off(losses, place, units)
    routes = [Route("Python", near), Route("R", list(near))]
    assert agree(routes)
    assert report(routes).splitlines()[-3:] == [
        "All agree with one another, bit for bit.",
        "499 of 500 equal the chapter's printed table; the other one differs from it in the last "
        "digit alone.",
        "Another kind of processor, or version of PyTorch, rounds differently.",
    ]


@pytest.mark.parametrize("units", [2, -2, 5])
def test_more_than_one_in_the_last_printed_digit_is_another_loss(losses, units):
    far = digits_off(losses, 250, units)
    assert not agree([Route("Python", far), Route("R", list(far))])


def test_a_blas_that_torch_is_linked_to_is_named_as_the_cause(losses, monkeypatch):
    linked = Blas("/usr/lib/libblas.so.3", "linked")
    monkeypatch.setattr("pytwolayer.runtime.blas.torch_blas", lambda: linked)
    near = digits_off(digits_off(losses, 7, 1), 400, -1)
    missing = Route("R", [], problem="not run: no R", optional=True)
    routes = [Route("Python", near), missing]
    assert agree(routes)
    told, table, cause = report(routes).splitlines()[-3:]
    assert told == "All that ran agree with one another, bit for bit; not run: R."
    assert table.startswith("498 of 500 equal the chapter's printed table")
    assert cause.startswith("This PyTorch is linked to the system's BLAS (/usr/lib/libblas.so.3)")


def test_routes_that_differ_are_said_to_whatever_the_table_says(losses):
    near = digits_off(losses, 7, 1)
    routes = [Route("Python", near), Route("R", next_bit(near, 9))]
    assert not agree(routes)
    assert report(routes).endswith("They do NOT agree. `pytwolayer doctor` may show why.")


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


def test_where_r_fails_the_routes_of_python_are_taken_and_the_others_say_why(monkeypatch):
    def no_r(*arguments, **options):
        raise RError("R failed (exit status 1)")

    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r", no_r)
    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r_in_python", no_r)
    routes = take_routes()
    python, loop, beside, inside = routes
    assert python.losses == loop.losses
    assert len(python.losses) == 500
    assert agree([python, loop])
    assert beside.problem == "not run: R failed (exit status 1)"
    assert not beside.optional
    assert inside.problem is not None
    assert not agree(routes)


def test_who_has_no_r_or_no_r_package_lacks_nothing(monkeypatch):
    def missing(*arguments, **options):
        raise RMissingError("the R package is not installed")

    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r", missing)
    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r_in_python", missing)
    routes = take_routes()
    assert [route.optional for route in routes] == [False, False, True, True]
    assert agree(routes)
    last = report(routes).splitlines()[-1]
    assert last == "All that ran agree; not run: R, reticulate, R inside Python, rpy2."


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="there is no R here")
def test_an_r_without_the_package_is_known_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("R_LIBS", str(tmp_path))  # where there is none
    monkeypatch.setenv("R_LIBS_USER", str(tmp_path))
    with pytest.raises(RMissingError, match="the R package is not installed"):
        run_r(DATA / "chapter_from_r.R", str(tmp_path / "losses.txt"), "1")


def test_an_r_that_is_not_there_is_known_as_such(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for run in (run_r, run_r_in_python):
        with pytest.raises(RMissingError, match="Rscript was not found"):
            run(DATA / "chapter_from_r.R")


@pytest.mark.parametrize(
    ("threads", "load", "told"), [(2, 99.0, True), (1, 99.0, False), (2, 0.1, False)]
)
def test_busy_processors_are_told_of(losses, monkeypatch, threads, load, told):
    monkeypatch.setattr("pytwolayer.r_interop.verify.torch.get_num_threads", lambda: threads)
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    page = report([Route("Python", losses)])
    assert ("OMP_NUM_THREADS=1" in page.splitlines()[-3]) == told
    assert page.endswith("\n\nAll agree.")


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
    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r", answering(losses, "1.41.0"))
    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r_in_python", answering(losses, "1.41.0"))
    _, _, beside, inside = take_routes()
    assert beside.losses == losses
    assert beside.seconds == 0.5
    assert beside.name == "R, reticulate 1.41.0"
    assert inside.losses == losses


def test_rpy2_is_not_tried_with_a_reticulate_that_would_kill_python(monkeypatch, losses):
    monkeypatch.setattr("pytwolayer.r_interop.verify.run_r", answering(losses, "1.28"))
    monkeypatch.setattr(
        "pytwolayer.r_interop.verify.run_r_in_python", lambda *a, **k: pytest.fail("tried")
    )
    inside = take_routes()[-1]
    assert inside.optional
    assert "reticulate 1.28 is too old" in inside.problem
