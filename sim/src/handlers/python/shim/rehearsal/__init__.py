"""The worker's own modules: the hand-off between invocations, the virtual clock and entropy, the Lambda runtime."""
