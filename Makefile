# `make demo` and `make test` are all that is needed on a fresh machine; every target sets up what it lacks.
SHELL := bash
PYTHON ?= python3
RUN := PYTHONPATH=tests:tools:.pack .venv/bin/python

NOT_PURE := "*/sampling/*" "*/detectors/*" "*package*" "*registry_entry*" "*face_model*" "*/batch/*"

.PHONY: help setup demo test unit references browser lint bench soak serve weights workflows locales pictures screenshots versions optional face-model tables thumbnails

help:
	@echo "make demo         repair the faces of a real photo in a real ComfyUI; results in demo/"
	@echo "make test         lint, types, unit tests, end-to-end tests, and tests in a browser"
	@echo "make unit         the unit tests that need neither ComfyUI nor the packages the pack is compared with"
	@echo "make serve        ComfyUI with this pack in the browser (ARGS=... go to ComfyUI)"
	@echo "make bench        measure; results in benchmarks/README.md (ARGS=... only these sections)"
	@echo "make soak         ten minutes of requests to the HTTP service while everything goes wrong; figures in api/README.md"
	@echo "make lint         ruff, pyright and TypeScript's check of the page's scripts only"
	@echo "make optional     install the optional packages into a copy of the environment, and run their detectors"
	@echo "make versions     run the tests on the oldest and the newest ComfyUI, and on the newest front end"
	@echo "make workflows    write the workflows, their API forms, pictures and blueprints anew (ARGS=... only these)"
	@echo "make locales      write the nodes' and panels' texts in all languages, and say what a language lacks"
	@echo "make tables       write the tables of parameters on the HTTP service's page anew"
	@echo "make pictures     run the demo; make its pictures, the help pages', the icon and the banner anew"
	@echo "make thumbnails   repair the pictures of the template browser's thumbnails anew"
	@echo "make screenshots  take the README's pictures of the canvas and of the app anew"
	@echo "make face-model   train the small model further (ARGS=\"--steps 5000\"; see tools/face_model/README.md)"
	@echo "make weights      convert the shipped detector weights anew"

setup:
	@PYTHON="$(PYTHON)" tools/setup.sh

demo: setup
	@$(RUN) demo/repair_photo.py

test: lint references browser
	@tools/javascript.sh test
	@OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile tests

unit: setup
	@OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile tests/unit $(addprefix --ignore-glob=,$(NOT_PURE))

# mediapipe 0.10.21 exists for Python up to 3.12 only; without it the tests that compare with it say so and are skipped.
references: setup
	@PYTHON=.venv/bin/python tests/references/mediapipe_venvs.sh || echo "references: mediapipe could not be installed; the tests that compare with it are left out."

browser:
	@tools/chromium.sh

lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@PYRIGHT_PYTHON_CACHE_DIR=.venv/pyright PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright
	@tools/javascript.sh lint

bench: setup browser
	@$(RUN) benchmarks/run.py $(ARGS)

soak: setup
	@$(RUN) benchmarks/soak.py

weights:
	@PYTHON="$(PYTHON)" detectors/weights/conversion/run.sh

face-model: setup
	@$(RUN) -m face_model.train $(ARGS)

optional: setup
	@tools/optional.sh

versions: setup
	@tools/versions.sh

tables: setup
	@$(RUN) tools/api_tables.py

pictures: demo
	@$(RUN) tools/pictures/readme_pictures.py
	@$(RUN) tools/pictures/help_pictures.py
	@$(RUN) tools/pictures/registry_pictures.py
	@$(RUN) tools/pictures/template_pictures.py

thumbnails: setup
	@OMP_NUM_THREADS=1 $(RUN) tools/workflow_thumbnails.py

locales: setup
	@$(RUN) tools/translations.py

screenshots: setup browser
	@OMP_NUM_THREADS=1 SCREENSHOT_SCALE=2 .venv/bin/python -m pytest tests/browser/test_canvas.py tests/browser/test_apps.py
	@$(RUN) tools/pictures/canvas_pictures.py

workflows: setup browser
	@OMP_NUM_THREADS=1 $(RUN) tools/convert_workflows.py $(ARGS)
	@$(RUN) tools/workflow_blueprints.py

serve: setup
	@$(RUN) tools/serve.py $(ARGS)
