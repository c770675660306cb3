#!/usr/bin/env bash
# Tests and benchmarks that need a GPU, on a machine that may have no network, in under ten minutes.
#   tools/gpu.sh pack   where there is a network: what that machine lacks, into .gpu (ONLY=bench: without the server)
#   tools/gpu.sh run    on that machine: measures and tests; results in .gpu/results (see benchmarks/README.md)
# PYTHON is the Python that has PyTorch there, PYTHON_VERSION its version (3.12).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Beside what comes with PyTorch and transformers.
MODELS=(torchsde trampoline comfy-aimdo psutil)
SERVER=(av alembic SQLAlchemy Mako MarkupSafe greenlet blake3 simpleeval pydantic pydantic_core pydantic-settings
	typing-inspection annotated-types python-dotenv scikit-image tifffile imageio lazy-loader networkx)
TESTS=(pytest pluggy iniconfig pygments hypothesis sortedcontainers attrs requests)
PLATFORMS=(manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_24_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64)

pack() {
	local folder=.gpu version=${PYTHON_VERSION:-3.12} wanted=("${MODELS[@]}" "${TESTS[@]}")
	[ "${ONLY:-}" = bench ] || wanted+=("${SERVER[@]}")
	rm -rf "$folder" && mkdir -p "$folder/wheels" "$folder/comfyui"
	.venv/bin/python -m pip freeze | grep == >"$folder/versions"
	fetch() {
		.venv/bin/python -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: \
			--python-version "$version" -d "$folder/wheels" -c "$folder/versions" "$@"
	}
	fetch --implementation cp "${PLATFORMS[@]/#/--platform=}" "${wanted[@]}"
	fetch --platform any comfy-kitchen # without its kernels, which are 45 MB
	# Of the text encoders' vocabularies SD1's will do.
	tar -ch -C .comfyui --exclude=.git --exclude='__pycache__' --exclude=./blueprints --exclude='./tests*' \
		--exclude='./comfy/text_encoders/*tokenizer' . | tar -x -C "$folder/comfyui"
	du -sh "$folder"
}

# A venv that sees PyTorch's Python, which stays as it is. ComfyUI's processes find it as they do not a PYTHONPATH.
unpack() {
	local torch=${PYTHON:-python3}
	"$torch" -m venv --without-pip .gpu/venv
	"$torch" -c 'import site; print(*site.getsitepackages(), sep="\n")' >"$(echo .gpu/venv/lib/python*/site-packages)/torch.pth"
	"$torch" -m pip --disable-pip-version-check --python .gpu/venv/bin/python install --quiet --no-index --no-deps .gpu/wheels/*.whl
	mkdir -p .pack .gpu/page && ln -sfn .. .pack/afterdetail
	PYTHON=$PWD/.gpu/venv/bin/python
	export COMFYUI_PATH=$PWD/.gpu/comfyui COMFYUI_ARGUMENTS="--front-end-root $PWD/.gpu/page"
}

run() {
	[ ! -d .gpu/wheels ] || unpack
	local python=${PYTHON:-.venv/bin/python} results=.gpu/results tests=(tests/unit/detailer/test_crop_device.py) failed=0
	mkdir -p "$results"
	export PYTHONPATH=tests:tools:.pack
	"$python" -c 'import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else "No CUDA device: only the CPU is measured.")'
	if "$python" -c 'import av, skimage' 2>/dev/null; then tests+=(tests/e2e/test_gpu.py); else echo "Without av and scikit-image no server is tested."; fi
	OMP_NUM_THREADS=1 timeout 80 "$python" benchmarks/overhead.py | tee "$results/overhead.md" || failed=1
	timeout 320 "$python" benchmarks/run.py batching |& tee "$results/batching.log" || failed=1
	timeout 180 "$python" -m pytest -rs -m gpu "${tests[@]}" |& tee "$results/tests.log" || failed=1
	cp benchmarks/README.md "$results/benchmarks.md"
	return $failed
}

case "${1:-}" in
pack | run) "$1" ;;
*) sed -n '2,5s/^# //p' "$0" && exit 2 ;;
esac
