"""What an owner is told about fob and car, each with its remedy."""
