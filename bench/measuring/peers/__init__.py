"""What Clary is compared with, started beside it: a module for each."""
