"""An open-loop load test: documents go out on a schedule that nothing can delay, and what comes back is timed."""
