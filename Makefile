# Starts a cluster of three and shows what it does; `make help` lists the targets. The program is in src/cli/make/.
TARGETS := start test-full test-health test-all-peers test-increment test-count test-discovery \
  test-remove-existing-peer test-peers test-sync logs stop help

.PHONY: $(TARGETS) built

start:

$(TARGETS): built
	@node --enable-source-maps dist/g-counter-make.cjs $@

built:
	@case "$$(node src/set-up.mjs)" in \
	  install*) npm ci --include=dev --no-audit --no-fund --loglevel=error && npm run --silent build ;; \
	  build) npm run --silent build ;; \
	esac
