"""Load and scale measurements that anyone can run."""
