# `make` alone lists the targets. `make demo` and `make test` are all that a
# fresh machine needs: both begin with `make setup`.

.PHONY: help setup demo test test-one matrix lint check bench document release site site-check clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; \
	  do printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: ## Make .venv and .rlib and install what is missing (PYTHON=... names a Python)
	@scripts/setup.sh

demo: setup ## The chapter by every route and mtcars in both languages, with a report
	@scripts/demo.sh

test: setup ## Lint, Python tests, R CMD check, R tests with the system's reticulate, cross tests
	@scripts/test.sh

test-one: ## One test file of either language, without setup: make test-one FILE=tests/...
	@scripts/test_one.sh "$(FILE)"

matrix: ## The suite on other Pythons, reticulates and Debians, as far as they are to be had
	@scripts/matrix.sh $(ROWS)

lint: setup ## ruff, mypy, import-linter and lintr
	@scripts/lint.sh

check: setup ## R CMD build and R CMD check
	@scripts/check.sh

bench: setup ## Speed, memory and quality beside the peers, into docs/
	@scripts/bench.sh

document: setup ## Write man/ and NAMESPACE from the comments in R/ (roxygen2)
	@scripts/document.sh

release: setup ## Wheel, source packages and site into dist/, checked and tried, with SHA-256 sums
	@scripts/release.sh $(STEPS)

site: setup ## The documentation site, with its examples run and its links looked up, in build/site
	@scripts/site.sh

site-check: ## Look at the site in a browser: accessibility, keyboard, screenshots (needs node and chromium)
	@scripts/site_check.sh

clean: ## Remove .venv, .rlib and everything else that was made here
	rm -rf .venv .site-venv .rlib .rlib-stock .peers .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist demo \
	  *.egg-info *.Rcheck pytwolayer_*.tar.gz
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
