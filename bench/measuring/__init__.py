"""What bench/run measures, and with what. Standard library only."""
