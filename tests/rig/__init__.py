"""What makes a real ComfyUI run for tests, the demo and the benchmarks: a server, small checkpoints, pictures."""
