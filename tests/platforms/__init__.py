"""What customers do, platform by platform."""
