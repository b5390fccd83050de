help: ## print this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
test: ## run the tests; needs Go alone
	CGO_ENABLED=0 go test ./...
.PHONY: help test
