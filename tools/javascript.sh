#!/usr/bin/env bash
# The page's scripts: `lint` checks their types with TypeScript, `test` runs the unit tests of those that need no page.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

TYPESCRIPT=5.9.3
FOLDER=.run/javascript

leave_out() {
	echo "javascript: $1; the $2 of web/js is left out. To add it: install Node.js 20 or newer with npm"
	exit 0
}

lint() {
	local tsc=$FOLDER/node_modules/.bin/tsc
	command -v npm >/dev/null || leave_out "there is no npm" "type check"
	[ "$("$tsc" --version 2>/dev/null)" = "Version $TYPESCRIPT" ] ||
		npm install --prefix "$FOLDER" --no-audit --no-fund --silent "typescript@$TYPESCRIPT" ||
		leave_out "TypeScript could not be installed" "type check"
	"$tsc" -p tests/web/tsconfig.json
}

test() {
	command -v node >/dev/null || leave_out "there is no Node.js" "unit test"
	node --test --test-reporter=dot tests/web/
}

"$1"
