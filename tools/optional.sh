#!/usr/bin/env bash
# Installs the optional packages, as a user would, into a copy of the environment, and runs what they bring there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=.venv-optional
rm -rf "$copy"
cp -al "$(readlink -f .venv)" "$copy" # links: pip replaces files, and changes none
"$copy/bin/python" -m pip --disable-pip-version-check uninstall --quiet --yes ultralytics onnxruntime opencv-contrib-python
"$copy/bin/python" -m pip --disable-pip-version-check install --quiet -r requirements-optional.txt
OMP_NUM_THREADS=1 "$copy/bin/python" -m pytest -rs tests/e2e/test_optional_packages.py tests/unit/detectors/test_ultralytics_package.py \
	tests/unit/detectors/test_yolo_onnx.py
