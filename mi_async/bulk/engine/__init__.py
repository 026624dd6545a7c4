"""Engine of bulk runs: stages joined by queues; knows neither people nor media."""
