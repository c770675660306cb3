#!/bin/sh
# Puts two releases of mediapipe into virtual environments of their own, for the tests that compare against them.
# 0.10.21 is the last with the old solutions API; it needs Python 3.9 to 3.12 and numpy 1. A second run does nothing.
set -eu
cd "$(dirname "$0")/../.."

for requirements in "mediapipe==0.10.21 numpy<2" "mediapipe==1.2.2"; do
    version=${requirements#mediapipe==}
    venv=".venv-mediapipe-${version%% *}"
    [ -e "$venv/complete" ] && continue
    "${PYTHON:-python3}" -m venv --clear "$venv"
    # shellcheck disable=SC2086 # two requirements, two words
    "$venv/bin/python" -m pip install --quiet $requirements
    touch "$venv/complete"
done
