"""Use-cases of running the system: start-up, logs, readiness, the simulator's process, the doctor."""
