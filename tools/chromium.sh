#!/usr/bin/env bash
# Installs Chromium for the tests in a browser where that takes no question; otherwise says how, and they are skipped.
set -euo pipefail

missing() {
	echo "browser: $1; the tests in a browser are left out. To add them: sudo apt install chromium fonts-liberation"
	exit 0
}

command -v chromium >/dev/null || command -v chromium-browser >/dev/null && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || missing "there is no Chromium"
echo "Installing Chromium."
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq install --no-install-recommends chromium fonts-liberation >/dev/null ||
	missing "Chromium could not be installed, see apt's message above"
