# make check    format, vet, staticcheck, layers and race, offline but for the Go modules
# make cross    snug builds for macOS and Windows
# make live     tests against the real index and a real interpreter
# make interpreters  recompute the catalogues of interpreters and of CPython's sources from the whole files
# make latest   build the examples without their as-of date
# make bench    snug and uv in turn on the same lists, then audits beside pip-audit and osv-scanner: the tables of docs/benchmarks.md (BENCH='-runs 3 -lists web', BENCH=-audit)
# make sdists   sixty sdists, each built twice: the table of docs/benchmarks.md (SDISTS='-only six,lxml')
# make figures  the long runs: every fuzz target for a minute (FUZZTIME), every Go benchmark, CPython twice, make bench, make sdists
# make fuzz-named  the readers of what comes from outside (FUZZ_NAMED), FUZZTIME each; offline

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

FUZZTIME = 1m
# What is new is kept as it is: making it small would take the time of looking on.
FUZZ = go test -run '^$$' -fuzzminimizetime 10x -fuzztime $(FUZZTIME)

# What strangers write and snug reads, two dozen at most: ten seconds each in .ci/run. In order: advisory, compiled advisories, specifier (with its
# versions), requirement (with its marker), wheel name, METADATA, pylock, ELF, envelope and statement, listing in JSON and in HTML, zip, source archive,
# pack of git, built wheel, shared policy, VEX document and bill of materials, provenance of an index, bill of materials in a wheel, native file, licence fields, licence text
FUZZ_NAMED = osv:FuzzMatch advisory:FuzzOpen pep440:FuzzParseSpecifiers pep508:FuzzParse dist:FuzzWheelName \
	dist:FuzzMetadata lock:FuzzParse elf:FuzzELF attest:FuzzEnvelope index:FuzzListingJSON index:FuzzListingHTML archive:FuzzZip \
	sdist:FuzzUnpack sdist/git:FuzzPack repro:FuzzNormalise policy:FuzzParse vex:FuzzCheck pep740:FuzzProvenance inventory:FuzzSBOM inventory:FuzzScan \
	license:FuzzDeclare licensetext:FuzzClassify

.PHONY: check cross live interpreters latest bench sdists figures fuzz fuzz-named

check:
	@unformatted=$$(gofmt -l cmd internal examples); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags live ./...
	$(STATICCHECK) ./...
	go test -race ./...

cross:
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=windows GOARCH=amd64 go build ./...
	GOOS=linux GOARCH=arm64 go build ./...

live:
	go test -tags live -run 'Live' -timeout 40m ./...

interpreters:
	go run ./internal/interp/catalogue
	go run ./internal/cpython/catalogue

latest:
	for p in shop api report; do go run ./cmd/snug build --as-of now examples/$$p; done

bench:
	@go run ./internal/bench $(BENCH)

sdists:
	@go run ./internal/bench -sdists $(SDISTS)

figures: fuzz
	go test -run '^$$' -bench . -benchmem ./...
	SNUG_BUILD_PYTHON=1 go test -tags live -run TestLiveBuild -timeout 90m -v ./internal/cpython
	@$(MAKE) --no-print-directory bench
	@$(MAKE) --no-print-directory sdists

fuzz:
	@for p in $$(go list ./...); do \
		for f in $$(go test -run '^$$' -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(FUZZ) -fuzz "^$$f$$" $$p || exit 1; \
		done; \
	done

fuzz-named:
	@for n in $(FUZZ_NAMED); do \
		echo "$$n"; $(FUZZ) -fuzz "^$${n#*:}$$" ./internal/$${n%:*} || exit 1; \
	done
