"""Where customers are: one file or folder per platform."""
