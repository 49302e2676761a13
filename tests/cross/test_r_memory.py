"""Memory of fits in R: what runs out is an error with a class, and many fits leave none behind."""

import itertools
import statistics
import sys

import pytest

from conftest import ROOT, STOCK
from pytwolayer.r_interop.r_process import run_r

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc of Linux")
LIBRARIES = [pytest.param(ROOT / ".rlib", id="reticulate"), pytest.param(STOCK, id="system's")]


@pytest.fixture
def r_script(tmp_path):
    """Run lines of R in an R of their own, started for them: a forked one has other memory."""

    def run(code: str, **environment: str) -> str:
        script = tmp_path / "script.R"
        script.write_text(code, encoding="utf-8")
        return run_r(script, OMP_NUM_THREADS="1", **environment)

    return run


LIMITED = """
suppressPackageStartupMessages(library(pytwolayer))
before <- two_layer(mpg ~ ., mtcars, epochs = 3, seed = 1)
reticulate::py_run_string('
import resource
def limit(mib):
    pages = int(open("/proc/self/statm").read().split()[0])
    most = pages * resource.getpagesize() + int(mib) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
')
limit <- reticulate::import_main()$limit
limit(300)
told <- function(code) {
  warned <- NULL
  cnd <- tryCatch(
    withCallingHandlers(code, pytwolayer_warning = function(cnd) {
      if (grepl("^Fitted values", conditionMessage(cnd))) warned <<- cnd
    }),
    error = identity
  )
  if (!is.null(warned)) cat(conditionMessage(warned), all(is.na(fitted(cnd$fit))), "\\n")
  cat(class(cnd)[1:2], cnd$device, cnd$needed, nrow(cnd$fit$history), conditionMessage(cnd),
    sep = "|")
  cat("\\n")
}
told(two_layer(mpg ~ ., mtcars, hidden_units = 1e7))
told(chapter_losses(n = 1e6))
ballast <- list()
# A step takes no memory of its own, but the order of an epoch's rows does, 1.5 MB here.
told(two_layer(mpg ~ ., mtcars[rep(1:32, 6000), ], batch_size = 50000, epochs = 9,
  on_epoch = function(epoch, loss) {
    if (epoch == 3) {
      limit(0)
      try(repeat ballast[[length(ballast) + 1]] <<- numeric(2^15), silent = TRUE)
    }
  }
))
rm(ballast)
limit(300)
cat(identical(two_layer(mpg ~ ., mtcars, epochs = 3, seed = 1)$history, before$history), "\\n")
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_memory_that_runs_out_is_an_error_of_a_class_of_its_own(r_script, library):
    *errors, alive = r_script(LIMITED, R_LIBS=str(library)).splitlines()
    assert alive == "TRUE "
    network, chapter, *warnings, training = [line.split("|") for line in errors]
    for (warning,) in warnings:  # where there was no memory left for them either
        assert warning.endswith("TRUE ")
    for line in (network, chapter, training):
        assert line[:3] == ["pytwolayer_error_memory", "pytwolayer_error", "cpu"]
        assert line[-1].startswith("Out of memory on cpu: ")
    assert float(network[3]) == pytest.approx(1e7 * 10 * 4, rel=0.01)
    assert "10000000 hidden units" in network[-1]
    assert float(chapter[3]) == 1e6 * 1000 * 4
    assert training[4] == "3"
    assert "192000 rows of 10 columns" in training[-1]


MANY = """
suppressPackageStartupMessages(library(pytwolayer))
size <- function() {
  gc()
  as.numeric(strsplit(readLines("/proc/self/statm"), " ")[[1]][[2]]) * 4096 / 2^20
}
rows <- mtcars[rep(1:32, 60), ]
for (number in 1:400) {
  fit <- two_layer(mpg ~ ., rows,
    epochs = 2, batch_size = 500, seed = number, on_epoch = function(epoch, loss) TRUE,
    loss = if (number %% 2) function(output, y) (output - y)^2 else "mse"
  )
  if (number %% 4 == 0) predict(fit, rows)
  if (number %% 50 == 0) cat(size(), "\\n")
}
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_four_hundred_fits_in_a_row_take_no_more_memory_than_fifty(r_script, library):
    sizes = [float(line) for line in r_script(MANY, R_LIBS=str(library)).split()]
    # R enlarges its heap once or twice, whenever it likes (by 70 MB); what fits leave behind
    # adds to every fifty of them: were only the encoded rows to stay, 3.9 MB.
    growth = [after - before for before, after in itertools.pairwise(sizes)]
    assert len(growth) == 7
    assert statistics.median(growth) < 1
