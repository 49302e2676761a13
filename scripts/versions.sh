# shellcheck shell=bash
# shellcheck disable=SC2034  # read by the scripts that source this file
# What setup.sh wants besides the Python packages of requirements-dev.txt.

# The oldest Python that pyproject.toml accepts, and the names to look for.
PYTHON_MINIMUM=3.11
PYTHON_NAMES=(python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3)

# The reticulate that development and the rpy2 tests want; the package itself
# runs from the version in DESCRIPTION on. Where the system's is older, its
# source comes from one of these newer releases of the same distribution.
RETICULATE_WANTED=1.41
RETICULATE_RELEASES_DEBIAN=(trixie)
RETICULATE_RELEASES_UBUNTU=(resolute questing plucky)

# rpy2 3.6.6 and later need R 4.5's C interface. The three parts have numbers of
# their own and pip would take newer ones, so each is pinned.
RPY2_SPLIT=4.5
RPY2_BEFORE_SPLIT=(rpy2==3.6.5 rpy2-rinterface==3.6.5 rpy2-robjects==3.6.4)
RPY2_FROM_SPLIT=(rpy2==3.6.9 rpy2-rinterface==3.6.7 rpy2-robjects==3.6.6)

# What `make matrix` tries: newer releases whose reticulate, and releases of Debian whose whole,
# is tried.
MATRIX_RETICULATE="sid"
MATRIX_DEBIAN="bookworm trixie sid"
