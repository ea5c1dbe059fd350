# Every target sets up .venv by itself when it is missing or stale: nothing else has to be typed on a fresh machine with
# Python 3.11 or newer and make. What is set up is said on stderr, so that JSON on stdout stays JSON.

ENV ?= dev
ENGINE ?= embedded
STACK ?=
EFI ?=
EVIDENCE ?=
BASE ?= origin/main
PYTHON := .venv/bin/python

# What stands for a name must never reach make's own functions or the shell as code. ARGS are words of a command line, and do.
define newline


endef
unsafe = $(findstring $$,$(value $1))$(findstring ',$(value $1))$(findstring $(newline),$(value $1))
$(foreach name,STACK ENV ENGINE BASE OSC WORKLOAD PROFILE KUBECONFIG EFI EVIDENCE MAKECMDGOALS,\
    $(if $(call unsafe,$(name)),$(error $(name) must be a plain name or path: it contains a quote, a dollar sign or a line break)))

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
# Without bytecode every command takes seconds longer, whatever the caller's shell says.
unexport PYTHONDONTWRITEBYTECODE

# up, preview and down act on a whole environment, or on one stack of it when STACK is given.
on_stacks = $(if $(STACK),--stack '$(STACK)',--env '$(ENV)') --engine '$(ENGINE)' $(if $(ARGS),-- $(ARGS))

##@ Run the program, without an Azure account

.PHONY: up
up: environment ## Bring up the stacks of ENV (or STACK) in the sandbox
	@$(PYTHON) -m sandbox up $(on_stacks)

.PHONY: preview
preview: environment ## Show what up would change
	@$(PYTHON) -m sandbox preview $(on_stacks)

.PHONY: down
down: environment ## Destroy what up made, in reverse order
	@$(PYTHON) -m sandbox down $(on_stacks)

.PHONY: outputs
outputs: one-stack environment ## Print the outputs of STACK as JSON
	@$(PYTHON) -m sandbox outputs '$(STACK)' --engine '$(ENGINE)'

.PHONY: export
export: one-stack environment ## Print the deployment of STACK as `pulumi stack export` does
	@$(PYTHON) -m sandbox export '$(STACK)' --engine '$(ENGINE)'

.PHONY: shell
shell: one-stack environment ## Open a shell in which `pulumi` works on STACK of the sandbox (ENGINE=pulumi)
	@$(PYTHON) -m sandbox shell '$(STACK)' --engine pulumi

.PHONY: env
env: one-stack environment ## Print what makes your own shell such a one, for it to evaluate
	@$(PYTHON) -m sandbox env '$(STACK)' --engine pulumi

.PHONY: trustee
trustee: one-stack environment ## Run the real KBS on what STACK renders (the program kbs, or ARGS='--image ...')
	@$(PYTHON) -m sandbox.trustee '$(STACK)' $(ARGS)

.PHONY: pods
pods: one-stack environment ## Run the confidential pods of STACK in the guest's own programs (those on PATH), with the real KBS
	@$(PYTHON) -m sandbox.pods '$(STACK)' $(ARGS)

##@ Know what a stack allows

.PHONY: posture
posture: one-stack environment ## Show what STACK allows, and to whom
	@$(PYTHON) -m tools.posture '$(STACK)' --engine '$(ENGINE)' $(ARGS)

.PHONY: policy
policy: one-stack one-profile environment ## Print the agent policy of PROFILE, a profile or workload of STACK
	@$(PYTHON) -m tools.policy '$(STACK)' '$(PROFILE)' --engine '$(ENGINE)' $(ARGS)

.PHONY: attack
attack: one-stack environment ## Put every known attack to the policies of STACK's pods (LIVE=1: to real kata agents)
	@$(PYTHON) -m tools.attack '$(STACK)' --engine '$(ENGINE)' $(if $(LIVE),--judge agent) $(ARGS)

# A KUBECONFIG of the caller's shell is not meant: only one that is named on make's command line.
.PHONY: verify
verify: one-stack environment ## Compare the live cluster of STACK (KUBECONFIG=<file>, or the sandbox's) with its state
	@$(PYTHON) -m tools.verify '$(STACK)' --engine '$(ENGINE)' $(if $(filter command,$(origin KUBECONFIG)),--kubeconfig '$(KUBECONFIG)') $(ARGS)

.PHONY: blockers
blockers: one-stack environment ## Name the pods of others that would hold up the removal of STACK (KUBECONFIG as above)
	@$(PYTHON) -m tools.verify '$(STACK)' --engine '$(ENGINE)' --before-destroy $(if $(filter command,$(origin KUBECONFIG)),--kubeconfig '$(KUBECONFIG)') $(ARGS)

.PHONY: recover
recover: one-stack environment ## After an interrupted run of your own pulumi, take over what it had made of STACK
	@$(PYTHON) -m tools.recover '$(STACK)' $(ARGS)

.PHONY: preflight
preflight: one-stack environment ## Ask Azure, with your login, whether all that STACK needs is ready
	@$(PYTHON) -m tools.preflight '$(STACK)' $(ARGS)

.PHONY: leftovers
leftovers: one-stack environment ## List what Azure still has of STACK and the stack does not own
	@$(PYTHON) -m tools.leftovers '$(STACK)' --engine '$(ENGINE)' $(ARGS)

.PHONY: egress
egress: one-stack environment ## Say where the machines of STACK go, for a firewall (ARGS=--rules prints rules of Azure Firewall)
	@$(PYTHON) -m tools.egress '$(STACK)' $(ARGS)

.PHONY: timeline
timeline: one-stack environment ## Say what a first up and a destroy of STACK wait for (ARGS='--svg FILE' draws it)
	@$(PYTHON) -m tools.timeline '$(STACK)' $(ARGS)

##@ Bring a workload of your own

.PHONY: pin
pin: one-workload environment ## Write the lock file of the images of WORKLOAD from their registries
	@$(PYTHON) -m tools.pin '$(WORKLOAD)' $(ARGS)

##@ Work on the program

.PHONY: test
test: environment-dev ## Run the quick tests, which need Python alone
	@sh tools/test.sh $(ARGS)

.PHONY: integration
integration: environment-dev ## Run the tests of the whole program, of the official engine and of real API servers
	@$(PYTHON) -m pytest --numprocesses 3 --dist loadgroup -m integration $(ARGS)

.PHONY: check
check: environment-dev ## Run the formatter, linters, type checker and schema checks
	@$(PYTHON) -m tools.check $(ARGS)

.PHONY: format
format: environment-dev ## Format the code and mend what the linter can
	@$(PYTHON) -m ruff check --fix --quiet . ; $(PYTHON) -m ruff format .

.PHONY: schema
schema: environment ## Write config/schema.json and docs/configuration.md from the config models
	@$(PYTHON) -m tools.schema && $(PYTHON) -m tools.configuration

.PHONY: reference-values
reference-values: environment ## Read the reference values of OSC=1.13.1 from the vendor's image (EFI='<file>...': with PCR4)
	@$(PYTHON) -m tools.reference_values '$(OSC)' $(foreach file,$(EFI),--efi '$(file)') $(ARGS)

.PHONY: platform-values
platform-values: environment ## Take paravisors from EVIDENCE='<file>...' of genuine confidential VMs
	@$(PYTHON) -m tools.platform_values $(foreach file,$(EVIDENCE),'$(file)') $(ARGS)

.PHONY: bench
bench: environment ## Measure time and memory against bare imports
	@$(PYTHON) -m tools.bench $(ARGS)

.PHONY: mutate
mutate: environment-dev ## Change the code that guards secrets and see whether a test fails (a day; ARGS='model.policy.pins*')
	@sh tools/mutate.sh $(ARGS)

.PHONY: touched
touched: environment ## Name the stacks that the commits since BASE touch
	@$(PYTHON) -m tools.touched '$(BASE)' $(ARGS)

.PHONY: review
review: environment ## Preview the stacks that the commits since BASE touch, as Markdown
	@$(PYTHON) -m tools.review '$(BASE)'

.PHONY: lock
lock: environment-dev ## Pin requirements*.in again, as of a week ago
	@sh tools/lock.sh $(ARGS)

.PHONY: clean
clean: ## Remove .venv and caches; the sandbox's state in .sandbox stays
	rm -rf .venv mutants .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: clean-cache
clean-cache: environment ## Remove what the sandbox built for you (pulumi, API server ...), of all clones
	@$(PYTHON) -m sandbox.cache

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## "; print "make <target> [ENV=$(ENV)] [STACK=<stack>] [ENGINE=$(ENGINE)]" } \
	    /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: one-stack
one-stack:
	@test -n '$(STACK)' || { echo 'make $(MAKECMDGOALS) needs to know the stack, for example: make -s $(MAKECMDGOALS) STACK=dev-hub' >&2; exit 1; }

.PHONY: one-workload
one-workload:
	@test -n '$(WORKLOAD)' || { echo 'make pin needs to know the workload, for example: make -s pin WORKLOAD=kbs-access' >&2; exit 1; }

.PHONY: one-profile
one-profile:
	@test -n '$(PROFILE)' || { echo 'make policy needs to know the profile or workload, for example: make -s policy STACK=dev-hub PROFILE=hardened' >&2; exit 1; }

.PHONY: environment environment-dev
environment:
	@sh tools/set_up.sh
environment-dev:
	@sh tools/set_up.sh --dev
