.PHONY: bench
bench:  ## The benchmarks' table; KAFKA_BOOTSTRAP or FRESHET_KAFKA_TOOL adds the row that needs a real Kafka.
	swift run -c release freshet-bench
