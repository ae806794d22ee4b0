# make run    the console on the example configuration, no privileges needed
# make test   every test; as root on Debian it first installs what they need (packages.txt)
# make check  formatting, vet, staticcheck
GO ?= go
FUZZTIME ?= 60s
PKGS = ./...

.PHONY: build run test race check packages golden bench fuzz docs clean equivalence

build:
	$(GO) build -o bin/pixfw ./cmd/pixfw

run: build
	./bin/pixfw shell examples/vpnclient-xauth/pix.cfg

test: packages
	$(GO) test -timeout 15m $(PKGS)

race: packages
	$(GO) test -race -timeout 30m $(PKGS)

# Installs nothing where it cannot: tests that miss something skip and say so.
packages:
	@sh .ci/packages packages.txt

check: bin/staticcheck
	@out="$$(gofmt -l $$(git ls-files '*.go'))"; if [ -n "$$out" ]; then echo "not gofmt-ed:"; echo "$$out"; exit 1; fi
	$(GO) vet $(PKGS)
	./bin/staticcheck $(PKGS)

# The linter is pinned in a module of its own, so that users of this module do not inherit it.
bin/staticcheck: tools/go.mod tools/go.sum
	$(GO) -C tools build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck

# Rewrites the golden files: in the packages whose tests know -update.
golden:
	$(GO) test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update

bench:
	$(GO) test -run '^$$' -bench . -benchmem $(PKGS)

# Each door that takes bytes from outside, one after the other.
fuzz:
	@for t in $$(grep -rho --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | awk '{print $$2}' | sort -u); do \
		p=$$(dirname "$$(grep -rl --include='*_test.go' "^func $$t(" . | head -1)"); \
		echo "$$t in $$p"; $(GO) test "$$p" -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) || exit 1; done

# Emulator against kernel (root): N pairs of random configurations and packets, beginning with seed SEED.
N ?= 1000000
SEED ?= 1
equivalence:
	$(GO) test ./shell/equivalence -count 1 -timeout 0 -v -args -pairs $(N) -seed $(SEED)

# docs/COMMANDS.md and docs/DIAGNOSTICS.md are generated from the command table and the table of codes.
docs:
	$(GO) test . -run TestDocs -update

clean:
	rm -rf bin
