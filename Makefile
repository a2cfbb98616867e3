# 1_raw -> 2_clean -> 3_linked -> 4_analysed -> 5_briefings, for one city folder.
# notebooks/runs/NOTEBOOK/RUN.yaml makes 5_briefings/NOTEBOOK/RUN.{ko,en}.pdf and RUN.xlsx, and nothing else does.

CITY     ?= data/sample
NOTEBOOK ?= *
RUN      ?= *

ifneq ($(words $(CITY)),1)
$(error CITY must be one folder without blanks in its name)
endif

PYTHON := .venv/bin/python
CODE   := $(shell find lib -name '*.py' -o -name '*.toml' -o -name '*.typ')
# A run file that says `only_for: NAME` is left out for every other city, one that says `needs: TABLE ...` for a city
# whose city.toml has no source for one of the tables. In this order the longest begin first.
FOR_IT := $(patsubst notebooks/runs/%.yaml,%,$(shell \
	for run in $(wildcard notebooks/runs/$(NOTEBOOK)/$(RUN).yaml); do \
	grep -q '^only_for:' $$run && ! grep -q '^only_for: *$(notdir $(CITY:/=)) *$$' $$run || echo $$run; done | sort -r))
LACKING := $(strip $(foreach run,$(FOR_IT),$(shell \
	for table in $$(sed -n 's/^needs: *//p' notebooks/runs/$(run).yaml); do \
	grep -qsE "^[[:space:]]*table[[:space:]]*=[[:space:]]*[\"']$$table[\"']" $(CITY)/city.toml || echo $(run):$$table; done)))
RUNS   := $(filter-out $(foreach lack,$(LACKING),$(firstword $(subst :, ,$(lack)))),$(FOR_IT))
# File names of exports hold blanks, which make cannot: `find` tells whether any of them is newer than the clean tables.
FRESH  := $(shell [ -f $(CITY)/2_clean/.done ] && \
	find -L $(CITY)/1_raw $(CITY)/city.toml -cnewer $(CITY)/2_clean/.done 2>/dev/null | head -1)
CHANGED := $(if $(FRESH),always)

# Two briefings at a time: each takes one core. On a machine short of memory: make JOBS=1.
JOBS      ?= 2
MAKEFLAGS += --jobs=$(JOBS)
# Matrices are small: threads that wait for each other would only take the other briefing's core.
export OPENBLAS_NUM_THREADS = 1

.DEFAULT_GOAL := briefings
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:
.PHONY: help install lab briefings test test-full sample-report bench wheels lock clean field-list log-sheet access-log forget always

briefings: $(foreach end,ko.pdf en.pdf xlsx,$(RUNS:%=$(CITY)/5_briefings/%.$(end))) ## Every briefing of CITY that is out of date (this is plain `make`)
	@for lack in $(LACKING); do echo "$${lack%:*}: city.toml에 $${lack#*:} 자료가 없어 만들지 않음;" \
	"left out, city.toml has no source of $${lack#*:}"; done
	$(if $(RUNS),,$(error $(if $(LACKING),city.toml of $(CITY) has no source that its run files need: $(LACKING),No run file matches notebooks/runs/$(NOTEBOOK)/$(RUN).yaml for $(CITY))))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "for example: make CITY=data/namyangju NOTEBOOK=parking_hotspots RUN=latest briefings"

install: .venv/.done ## Make .venv with the locked packages

# Not compiled at once: Python compiles the small part that it imports when it first does.
.venv/.done: requirements.txt requirements.lock pyproject.toml
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt -c requirements.lock
	@if [ -d .git ]; then \
	git config filter.nbstripout.clean ".venv/bin/python -m nbstripout --keep-id --extra-keys \
	'metadata.language_info metadata.papermill cell.metadata.papermill cell.metadata.execution'" && \
	git config filter.nbstripout.smudge cat; fi
	@touch $@

lab: .venv/.done ## Open the notebooks in JupyterLab
	$(PYTHON) -m jupyterlab --notebook-dir=notebooks --LabApp.news_url=None \
	--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

# The sample city writes its own exports; every other city has them put into 1_raw by people.
ifeq ($(CITY:/=),data/sample)
data/sample/1_raw/.done: $(shell find lib/dansok/sample -name '*.py') .venv/.done
	$(PYTHON) -m dansok.sample data/sample
	@touch $@
$(CITY)/2_clean/.done: data/sample/1_raw/.done
endif

$(CITY)/2_clean/.done: $(CITY)/city.toml $(wildcard $(CITY)/forgotten.json) $(CODE) .venv/.done $(CHANGED)
	$(PYTHON) -m dansok.clean $(CITY)
	@touch $@

$(CITY)/3_linked/.done: $(CITY)/2_clean/.done
	$(PYTHON) -m dansok.link $(CITY)
	@touch $@

# A run that fails leaves RUN.failed.ipynb to open; RUN.ipynb is there only if every cell ran.
$(CITY)/4_analysed/%.ipynb: notebooks/$$(*D).ipynb notebooks/runs/%.yaml $(CITY)/3_linked/.done
	$(PYTHON) -m dansok.run $(CITY) $(*D) $(*F)

$(CITY)/5_briefings/%.ko.pdf $(CITY)/5_briefings/%.en.pdf $(CITY)/5_briefings/%.xlsx: $(CITY)/4_analysed/%.ipynb
	$(PYTHON) -m dansok.briefing $< $(CITY)/5_briefings/$(*D) $(*F)

test: .venv/.done ## Run every test, notebooks included
	$(PYTHON) -m pytest

test-full: .venv/.done ## Checks on 40 planted cities where `make test` takes a few
	$(PYTHON) -m pytest -m full -s

sample-report: .venv/.done ## What the sample city plants against what its raw files show, over 40 seeds
	$(PYTHON) -m dansok.sample.report

bench: .venv/.done ## Speed against rivals and limits, printed and written to bench.json
	$(PYTHON) tests/bench.py

wheels: .venv/.done ## Collect in wheels/ what a closed network needs to install
	$(PYTHON) -m pip wheel --quiet -w wheels -r requirements.txt -c requirements.lock "setuptools>=69"

lock: ## Pin every package below requirements.txt
	python3 -m venv .venv-lock
	.venv-lock/bin/pip install --quiet -r requirements.txt
	.venv-lock/bin/pip freeze --exclude-editable > requirements.lock
	rm -r .venv-lock

clean: ## Delete what make can make again of CITY; never 1_raw
	rm -rf $(CITY)/2_clean $(CITY)/3_linked $(CITY)/4_analysed $(CITY)/5_briefings

# OFFICER, PURPOSE and TODAY reach the recipe through the environment, as make passes what its command line sets.
field-list: .venv/.done ## The vehicles of today's blocks of PLAN (a run of delinquent_stakeout) by their plates; asks for name, purpose and pass-phrase
	@$(PYTHON) -m dansok.field_list make $(CITY) "$(PLAN)" \
	$${OFFICER:+--officer "$$OFFICER"} $${PURPOSE:+--purpose "$$PURPOSE"} $${TODAY:+--today "$$TODAY"}

log-sheet: .venv/.done ## Take the log sheet of a list that a crew filled in, FILE, back into 1_raw of CITY
	@$(PYTHON) -m dansok.field_list take-back $(CITY) "$(FILE)"

access-log: .venv/.done ## Check the log of all field lists, and that it knows every list of CITY
	@$(PYTHON) -m dansok.field_list check-log $(CITY)

forget: .venv/.done ## Delete lists and plans of CITY whose time is over and, with BEFORE=YYYY-MM-DD, rows of vehicles of before that day; show that they are gone
	$(PYTHON) -m dansok.forget $(CITY) $(BEFORE)
