"""The commands against a board: a real one (`make test-device PORT=...`), else a virtual one."""
