"""Ctrl-C in R during a long fit: the fit so far comes back, and R lives on."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from conftest import HANGS, ROOT, STOCK, skip_without_rpy2
from pytwolayer.r_interop.r_process import r_environment, rscript

# Prints "ready" when a fit is about to begin, and what came of it, for each way to watch it.
CODE = """
suppressPackageStartupMessages(library(pytwolayer))
invisible(two_layer(mpg ~ ., mtcars, epochs = 2, seed = 1))
for (watch in list({watches})) {{
  cat("ready\\n")
  warned <- character()
  fit <- withCallingHandlers(
    two_layer(mpg ~ ., mtcars, epochs = 5e6, validation = 0.2, seed = 1, on_epoch = watch),
    warning = function(cnd) {{
      warned <<- c(class(cnd)[[1]], conditionMessage(cnd))
      invokeRestart("muffleWarning")
    }}
  )
  epochs <- nrow(fit$history)
  cat("\\nanswer:", warned[[1]], fit$stopped, epochs > 0, fit$best_epoch <= epochs, sep = " ")
  cat("", all(is.finite(predict(fit, mtcars)$.pred)), grepl("Interrupted after", warned[[2]]))
  cat("\\n")
}}
{then}
"""
# R's own answer to Ctrl-C is back afterwards, also after a fit that nobody interrupted.
LATER = """
invisible(two_layer(mpg ~ ., mtcars, epochs = 2, seed = 1))
again <- tryCatch({ cat("\\nready again\\n"); Sys.sleep(3600); "slept" },
  interrupt = function(cnd) "an interrupt")
cat("later:", again, "\\n")
"""
GOOD = "pytwolayer_warning_interrupted interrupt TRUE TRUE TRUE TRUE"
ALONE_AND_WITH_A_CALLBACK = "NULL, function(epoch, loss) TRUE"


def environment(library):
    return r_environment(R_LIBS=str(library), OMP_NUM_THREADS="1")


def libraries():
    return [pytest.param(ROOT / ".rlib", id="reticulate"), pytest.param(STOCK, id="system's")]


def answer_again():
    """A job in the background ignores SIGINT, and what it starts does too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(read, text, seconds=HANGS):
    """Read until a text comes; give all that was read."""
    seen, end = "", time.monotonic() + seconds
    while text not in seen:
        assert time.monotonic() < end, seen
        seen += read()
    return seen


def answers(printed):
    return [answer.strip() for answer in re.findall(r"answer: (.*)", printed)]


def run_and_interrupt(command, *words):
    """Start a process, press Ctrl-C after each of the words, and give what it printed."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=command_environment(command),
        bufsize=1,
        preexec_fn=answer_again,
    )
    try:
        printed = ""
        for word in words:
            printed += wait_for(process.stdout.readline, word)
            time.sleep(2)
            process.send_signal(signal.SIGINT)
        printed += process.communicate(timeout=HANGS)[0]
    finally:
        process.kill()
    assert process.returncode == 0, printed
    return printed


ENVIRONMENTS = {}


def command_environment(command):
    return ENVIRONMENTS.get(tuple(command), environment(ROOT / ".rlib"))


@pytest.mark.parametrize("library", libraries())
def test_rscript(tmp_path, library):
    script = tmp_path / "script.R"
    script.write_text(CODE.format(watches=ALONE_AND_WITH_A_CALLBACK, then=LATER))
    command = (rscript(), str(script))
    ENVIRONMENTS[command] = environment(library)
    printed = run_and_interrupt(command, "ready\n", "ready\n", "ready again\n")
    assert answers(printed) == [GOOD, GOOD]
    assert "later: an interrupt" in printed


def test_r_inside_python(tmp_path):
    skip_without_rpy2()
    script = tmp_path / "script.R"
    code = CODE.format(watches=ALONE_AND_WITH_A_CALLBACK, then="").replace(
        '"ready\\n")', '"ready\\n"); flush(stdout())'
    )
    script.write_text(code)
    command = (sys.executable, "-u", "-m", "pytwolayer.r_interop.r_in_python", str(script))
    assert answers(run_and_interrupt(command, "ready\n", "ready\n")) == [GOOD, GOOD]


@pytest.mark.parametrize("library", libraries())
def test_the_r_console(tmp_path, library):
    script = tmp_path / "script.R"
    script.write_text(CODE.format(watches="NULL", then=LATER))
    pid, terminal = pty.fork()
    if pid == 0:
        answer_again()
        environ = environment(library) | {"TERM": "dumb"}
        os.execvpe("R", ["R", "--no-save", "--no-restore", "--quiet"], environ)

    def read():
        ready, _, _ = select.select([terminal], [], [], 1)
        return os.read(terminal, 65536).decode(errors="replace").replace("\r", "") if ready else ""

    def press(text):
        os.write(terminal, text.encode())

    try:
        printed = wait_for(read, "> ")
        press(f'source("{script}")\n')
        printed += wait_for(read, "ready\n")
        time.sleep(2)
        press("\x03")
        printed += wait_for(read, "ready again\n")
        time.sleep(2)
        press("\x03")
        printed += wait_for(read, "later: an interrupt")
        press("cat(1 + 1, 'alive')\n")
        wait_for(read, "2 alive")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    assert answers(printed) == [GOOD]
