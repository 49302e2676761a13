"""Nothing depends on how the process's locale writes numbers."""

import json

from comma_locale import comma_environment

# Whole rounds: what each gives to the last bit, or as text.
ROUNDS = """
import hashlib, io, json, locale, re, sys, tempfile
from pathlib import Path
if sys.argv[1] == "comma":
    locale.setlocale(locale.LC_ALL, "")
    assert f"{0.5:n}" == "0,5"
import warnings
import numpy as np
import pandas as pd
import pytwolayer
from pytwolayer.reports.html_table import write_html
from pytwolayer.cli.main import main

folder = Path(tempfile.mkdtemp())
told = {}
draws = np.random.default_rng(3).normal(size=(30, 2))
frame = pd.DataFrame({"a": draws[:, 0], "b": draws[:, 1] * 1.5, "y": draws @ [2.0, -1.0]})
frame["kind"] = np.where(draws[:, 0] > 0, "0.5", "1.5")
quick = {"learning_rate": 0.05, "dropout": 0.25, "weight_decay": 0.001, "seed": 1}

def tell(name, *values):
    told[name] = [value.hex() if isinstance(value, float) else str(value) for value in values]

def tell_fit(name, fit):
    tell(name, *fit.history["loss"], *fit.predict(frame), repr(fit))

fit = pytwolayer.two_layer(frame, outcome="y", epochs=4, **quick)
tell_fit("fit", fit)
file = folder / "fit.safetensors"
fit.save(file)
tell("file", hashlib.md5(file.read_bytes()).hexdigest())
tell_fit("loaded", pytwolayer.load(file))
tell_fit("longer", pytwolayer.continue_training(fit, frame, outcome="y", epochs=2))
tell_fit("classes", pytwolayer.two_layer(frame, outcome="kind", epochs=4, **quick))
tell_fit("ensemble", pytwolayer.two_layer(frame, outcome="y", epochs=2, n_models=2, **quick))
for epochs in (3, 3):
    kept = pytwolayer.two_layer(
        frame, outcome="y", epochs=epochs, checkpoint=folder / "kept", **quick
    )
    tell_fit(f"kept {len(told)}", kept)
estimator = pytwolayer.TwoLayerRegressor(
    epochs=3, learning_rate=0.05, random_state=1
)
tell("estimator", *estimator.fit(frame[["a", "b"]], frame["y"]).predict(frame[["a", "b"]]))
tell("estimator", repr(estimator))
losses = pytwolayer.chapter_losses(3, 1e-4)
tell("chapter", *losses["loss"])
tell("printed", *pytwolayer.chapter.printed_losses()["loss"])
write_html(losses, folder / "losses.html")
page = (folder / "losses.html").read_text(encoding="utf-8")
tell("html", re.findall(r"\\[\\d+, [^]]+\\]", page))
fit.plot(folder / "loss.svg")
tell("plot", *(t.get_text() for t in fit.plot().get_yticklabels(which="both") if t.get_text()))

frame.to_csv(folder / "data.csv", index=False)
paths = {name: str(folder / f"{name}.csv") for name in ("data", "history", "predictions", "again")}
command = ["fit", paths["data"], "--outcome", "y", "--epochs", "3", "--seed", "1",
           "--learning-rate", "0.05", "--dropout", "0.25", "--save", str(folder / "m.safetensors"),
           "--history", paths["history"], "--predictions", paths["predictions"]]
output, sys.stdout = sys.stdout, io.StringIO()
status = main(command)
status += main(["predict", str(folder / "m.safetensors"), paths["data"],
                "--predictions", paths["again"]])
status += main(["chapter", "--steps", "2", "--learning-rate", "0.0001"])
printed, sys.stdout = sys.stdout.getvalue(), output
tell("command", status, printed.replace(str(folder), ""))
for name in ("history", "predictions", "again"):
    tell(name, Path(paths[name]).read_text(encoding="utf-8"))
try:
    pytwolayer.two_layer(frame, outcome="y", dropout=1.5)
except pytwolayer.ArgumentError as problem:
    tell("error", problem)
print(json.dumps(told))
"""


def test_whole_rounds_give_the_same_bits_and_texts_with_a_decimal_comma(
    loaded_python, fresh_python
):
    def told(run, way: str, **environment: str) -> dict[str, list[str]]:
        done = run(ROUNDS, way, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    usual = told(loaded_python, "point")
    assert "learning rate 0.05" in usual["fit"][-1]
    assert usual["command"][0] == "0"
    # The locale is set there before anything is loaded.
    assert told(fresh_python, "comma", **comma_environment()) == usual
