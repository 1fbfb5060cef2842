# The commands of the repository. `make demo` and `make test` do all the set-up themselves; each script is in packaging/.
.PHONY: help demo test proof bench tidy fmt setup

help:
	@echo "make demo    build the program and run the demonstration: five nodes, one conference"
	@echo "make test    all checks: format, lints, tidy, tests, doc tests, demo, independent verifier"
	@echo "make proof   the slow proofs with full counts, into target/proof"
	@echo "make bench   the numbers, with the release profile"
	@echo "make tidy    the checks of the house alone"
	@echo "make fmt     format all source"
	@echo "make setup   install what building and testing need"

# ARGS goes to the program: make demo ARGS="--keep"
demo:
	@packaging/demo.sh $(ARGS)

test:
	@packaging/test.sh

proof:
	@packaging/proof.sh

bench:
	@packaging/bench.sh $(ARGS)

tidy:
	@packaging/test.sh format tidy

fmt:
	@cargo fmt --all

setup:
	@packaging/setup.sh test
