"""What `make bench` measures: ratios in one run, with processor time from the operating system."""
